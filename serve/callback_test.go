package serve

import (
	"errors"
	"net/http/httptest"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// Whoever calls back is a stranger: the status is all that is said.
func TestCallbacksThatAreRefusedHearOfNoDetail(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{&plugin.Error{Kind: plugin.NotFound, Msg: "there is no source hunter2"}, 404, `{"errors":[{"message":"Not Found"}]}`},
		{&plugin.Error{Kind: plugin.Unsupported, Msg: "source hunter2 takes no callbacks"}, 404, `{"errors":[{"message":"Not Found"}]}`},
		{&plugin.Error{Kind: plugin.Config, Msg: "source hunter2 is disabled"}, 403, `{"errors":[{"message":"Forbidden"}]}`},
		{&plugin.Error{Kind: plugin.Transient, Msg: "hunter2"}, 503, `{"errors":[{"message":"Service Unavailable"}]}`},
		{errors.New("hunter2"), 503, `{"errors":[{"message":"Service Unavailable"}]}`},
	} {
		w := httptest.NewRecorder()
		x := &exchange{ResponseWriter: w, r: httptest.NewRequest("POST", "/callback/hunter2", nil), log: zap.NewNop(), limits: DefaultLimits()}
		x.fail(hidden(x, c.err))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v: answered %d %s, want %d %s", c.err, w.Code, w.Body, c.status, c.body)
		}
		if (w.Header().Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%v: Retry-After is %q", c.err, w.Header().Get("Retry-After"))
		}
	}
}
