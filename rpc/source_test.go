package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// TestSourceConversations plays the conversations of testdata/source with a
// source type that says what its options tell it to. Two may be open at once.
func TestSourceConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/source/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var open atomic.Int32
				play(t, file, sourceServer(t, &open))
				if n := open.Load(); n != 0 {
					t.Errorf("%d sources are open after the end", n)
				}
			})
		})
	}
}

// sourceServer is a server with the source type "script". It counts those that
// are open.
func sourceServer(t testing.TB, open *atomic.Int32) *Server {
	s := testServer(t)
	s.Limits.MaxOpenSources = 2
	for _, can := range []plugin.Capabilities{{Pull: true, Lookup: true}, {Pull: true}} {
		name := "script"
		if !can.Lookup {
			name = "plain"
		}
		err := s.Adapters.AddDriver(plugin.NewDriver(plugin.SourceType{Name: name, Capabilities: can, OptionsSchema: json.RawMessage(`{"properties":{"colour":false}}`)},
			func(_ context.Context, o script, _ *zap.Logger) (plugin.Source, error) {
				open.Add(1)
				if name == "plain" {
					return plain{&o, open}, nil
				}
				return full{plain{&o, open}}, nil
			}))
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A script is what a source says, page by page.
type script struct {
	Pages   []scriptPage   `json:"pages"`
	Seconds int            `json:"seconds"` // before each page
	Fault   string         `json:"fault"`   // after the last page: a kind of error, "panic", or "hang"
	Reading plugin.Reading `json:"reading"`
}

type scriptPage struct {
	Data  []plugin.UserData `json:"data"`
	State json.RawMessage   `json:"state"`
}

type plain struct {
	*script
	open *atomic.Int32
}

func (s plain) Close() error {
	s.open.Add(-1)
	return nil
}

func (s plain) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	if req.Only != nil {
		return s.only(req.Only, emit)
	}
	from := 1 + slices.IndexFunc(s.Pages, func(p scriptPage) bool { return req.State != nil && string(p.State) == string(req.State) })
	for _, p := range s.Pages[from:] {
		select {
		case <-time.After(time.Duration(s.Seconds) * time.Second): // the bubble's time
		case <-ctx.Done():
			return plugin.Reading{}, ctx.Err()
		}
		if err := emit(plugin.Page{Records: plugin.Ungroup(p.Data), State: p.State}); err != nil {
			return plugin.Reading{}, err
		}
	}
	return s.Reading, s.fault(ctx)
}

func (s plain) fault(ctx context.Context) error {
	switch s.Fault {
	case "":
		return nil
	case "panic":
		panic("a page of hunter2")
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	case "secret":
		return errors.New("dial tcp: token hunter2")
	}
	return &plugin.Error{Kind: plugin.Kind(s.Fault), Msg: "read the users", RetryAfter: time.Minute}
}

// only emits what a page has, and says gone of uids with an x. Of one with a y it says nothing.
func (s plain) only(refs []plugin.Ref, emit func(plugin.Page) error) (r plugin.Reading, err error) {
	for _, p := range s.Pages {
		for _, record := range plugin.Ungroup(p.Data) {
			if slices.Contains(refs, record.Ref()) {
				err = errors.Join(err, emit(plugin.Page{Records: []plugin.Record{record}}))
			}
		}
	}
	for _, ref := range refs {
		if strings.HasPrefix(ref.UID, "x") {
			r.Gone = append(r.Gone, ref)
		}
	}
	return r, errors.Join(err, s.fault(context.Background()))
}

type full struct{ plain }

func (s full) Check(context.Context) (plugin.Check, error) {
	return plugin.Check{Steps: []plugin.Step{{Name: "users", OK: true, Message: "3 users"}}, Sample: plugin.Ungroup(s.Pages[0].Data)}, nil
}

func (s full) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	if c.Header.Get("X-Signature") != "good" {
		return plugin.Answer{Status: http.StatusForbidden}, nil, nil
	}
	header := http.Header{"Content-Type": {"text/plain"}}
	return plugin.Answer{Header: header, Body: append([]byte(c.Method+" "+c.Query+" "), c.Body...)}, []plugin.Event{{Type: plugin.User, UID: "u1"}}, nil
}

// A host that took a read back does not know what came of it: what had come for
// it comes again, and is acknowledged once.
func TestPagesOfAReadThatWasTakenBackComeAgain(t *testing.T) {
	source := plain{script: &script{Pages: []scriptPage{{Data: users("a", "b", "c")}}}}
	o := &openSource{Source: source, log: zap.NewNop(), ctx: t.Context()}
	r := o.read(nil)
	lost, kept := &flight{ctx: t.Context()}, &flight{ctx: t.Context()}
	first, err := r.next(lost, 2, 1<<20)
	if err != nil || len(first.Pages[0].Records) != 2 {
		t.Fatalf("next() = %+v, %v; want 2 records", first, err)
	}
	lost.lost.Store(true)
	if err := r.ack(); plugin.KindOf(err) != plugin.Conflict {
		t.Errorf("ack() = %v of pages that never came, want a conflict", err)
	}
	var got []string
	for range 2 {
		part, err := r.next(kept, 2, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range plugin.Ungroup(part.Pages) {
			got = append(got, record.UID)
		}
		if err := r.ack(); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "a b c" {
		t.Errorf("after a read that was taken back came %v, want a b c", got)
	}
	for _, f := range []*flight{lost, kept} { // the end comes again as well
		if end, err := r.next(f, 2, 1<<20); err != nil || !end.Done || r.told() != (f == kept) {
			t.Errorf("next() = %+v, %v, told: %t; want the end", end, err, r.told())
		}
	}
}

func users(uids ...string) []plugin.UserData {
	data := plugin.UserData{DataType: plugin.User}
	for _, uid := range uids {
		data.Records = append(data.Records, plugin.Record{UID: uid})
	}
	return []plugin.UserData{data}
}

// Whatever a page holds, its answers are not larger than the host reads.
func TestPagesAreCutToTheHostsFrames(t *testing.T) {
	const frame = leastFrameBytes
	r := &reading{page: &plugin.Page{State: json.RawMessage(`"` + strings.Repeat("s", 500) + `"`)}}
	for i := range 100 {
		record := plugin.Record{Type: plugin.User, UID: "u", Attrs: map[string]any{"nickname": strings.Repeat("<", i)}}
		if i%2 == 0 {
			record.Type = plugin.Department
		}
		r.page.Records = append(r.page.Records, record)
	}
	total := 0
	for range 100 {
		part, err := r.next(&flight{ctx: t.Context()}, 1000, frame)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := encode(part)
		if err != nil || len(encoded) > frame-100 { // what is around a result
			t.Fatalf("an answer of %d records has %d bytes, %v; want less than %d", r.part, len(encoded), err, frame)
		}
		total += r.part
		if part.State != nil {
			break
		}
		r.page.Records = r.page.Records[r.part:]
	}
	if total != 100 {
		t.Errorf("%d records came, want 100", total)
	}
}

func TestARecordLargerThanTheHostReadsIsAnError(t *testing.T) {
	r := &reading{page: &plugin.Page{Records: []plugin.Record{{UID: "u1", Attrs: map[string]any{"title": strings.Repeat("x", 5000)}}}}}
	_, err := r.next(&flight{ctx: t.Context()}, 1000, leastFrameBytes)
	if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.Data || e.UID != "u1" || e.Hint == "" {
		t.Errorf("next() = %v, want an error of u1 with a hint", err)
	}
}
