package call

import (
	"encoding/json"
	"testing"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
)

func TestErrorsOfTheOtherEndHaveAKind(t *testing.T) {
	for name, c := range map[string]struct {
		code int64
		data string
		want plugin.Kind
	}{
		"by its name":                        {1, `{"kind":"locked"}`, plugin.Locked},
		"by its code":                        {1003, ``, plugin.RateLimited},
		"by a code of JSON-RPC":              {jsonrpc2.CodeMethodNotFound, ``, plugin.Unsupported},
		"by its code, when the name is none": {1006, `{"kind":"bad-mood"}`, plugin.Conflict},
		"data of another shape":              {1005, `"odd"`, plugin.Data},
		"anything else":                      {42, ``, plugin.Internal},
	} {
		e := &jsonrpc2.Error{Code: c.code, Message: "no"}
		if c.data != "" {
			raw := json.RawMessage(c.data)
			e.Data = &raw
		}
		if got := plugin.KindOf(unanswered("target/apply", e)); got != c.want {
			t.Errorf("%s: the error %d %s is %s, want %s", name, c.code, c.data, got, c.want)
		}
	}
}
