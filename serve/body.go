package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// A pushBody is what NocoBase's userData:push takes, and what Roster takes
// besides. Members that it does not have are left alone, as NocoBase does.
type pushBody struct {
	DataType   string           `json:"dataType"`
	MatchKey   string           `json:"matchKey"`
	SourceName string           `json:"sourceName"`
	Records    records          `json:"records"`
	Snapshot   *engine.Snapshot `json:"snapshot"`
	Options    *struct {
		Sync json.RawMessage `json:"sync"`
	} `json:"options"`
}

// records is a JSON array as it came; its elements are looked at one by one.
type records json.RawMessage

// UnmarshalJSON keeps data itself, which stays as it is, and no copy.
func (r *records) UnmarshalJSON(data []byte) error {
	switch rawjson.Kind(data) {
	case '[':
		*r = data
		return nil
	case 'n':
		return nil
	}
	return &plugin.Error{Kind: plugin.Data, Path: "/records", Msg: "records must be an array"}
}

// each gives the elements; nil when there is no array.
func (r records) each() iter.Seq2[json.RawMessage, error] {
	if r == nil {
		return nil
	}
	return func(yield func(json.RawMessage, error) bool) {
		for record := range rawjson.Elements(r) {
			if !yield(record, nil) {
				return
			}
		}
	}
}

// push makes of a body what the engine takes. What is missing or wrong inside is
// answered by the engine, in NocoBase's own words.
func (b *pushBody) push() (engine.Push, error) {
	push := engine.Push{Source: b.SourceName, MatchKey: b.MatchKey, Snapshot: b.Snapshot}
	if push.Source == "" {
		push.Source = "api"
	}
	push.Bodies = func(yield func(engine.Body, error) bool) {
		yield(engine.Body{DataType: b.DataType, Records: b.Records.each()}, nil)
	}
	if b.Options == nil {
		return push, nil
	}
	options, err := engine.ParseOptions(b.Options.Sync)
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		wrong := *e
		wrong.Path = "/options" + e.Path
		return push, &wrong
	}
	push.Options = &options
	return push, err
}

// parsePush reads the body of a push. Its records stay in text.
func parsePush(text []byte) (*pushBody, error) {
	var b pushBody
	if rawjson.Kind(text) == 0 {
		return &b, nil // the engine says what it lacks
	}
	err := json.Unmarshal(text, &b)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field == "" {
		return &b, nil // no object: as good as an empty one
	} else if ok {
		return nil, &plugin.Error{Kind: plugin.Data, Path: "/" + strings.ReplaceAll(wrong.Field, ".", "/"), Msg: wrong.Field + " must not be a " + wrong.Value}
	}
	if _, ours := errors.AsType[*plugin.Error](err); err != nil && !ours {
		return nil, refuse(http.StatusBadRequest, &plugin.Error{Kind: plugin.Data, Msg: "the body is not JSON", Hint: `it is {"dataType":"user","records":[…]}`})
	}
	return &b, err
}

// read reads the body of a request whole, so that nobody else waits for a slow
// sender. Above the limit it is a 413.
func (x *exchange) read(limit int64) ([]byte, error) {
	if x.r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	var body bytes.Buffer
	body.Grow(int(max(x.r.ContentLength, 0)) + bytes.MinRead) // it does not grow again
	_, err := body.ReadFrom(http.MaxBytesReader(x.ResponseWriter, x.r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, refuse(http.StatusRequestTimeout, &plugin.Error{Kind: plugin.Data, Msg: "the body did not come, or not in time"})
	}
	x.await(time.Time{}) // what is done with it may take its time
	return body.Bytes(), nil
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, &plugin.Error{
		Kind: plugin.Data, Msg: "the body has more than " + strconv.FormatInt(limit, 10) + " bytes", Hint: "send the records in several pushes",
	})
}
