package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// away puts a directory at the other end of a connection.
func away(d *plugintest.Directory) *far {
	return &far{driver: d.Driver(), log: zap.NewNop(), sessions: map[string]*session{}}
}

func people(n int) *plugintest.Directory {
	var records []plugin.Record
	for i := range n {
		records = append(records, plugin.Record{Type: plugin.User, UID: fmt.Sprintf("u%d", i+1), Attrs: map[string]any{"email": fmt.Sprintf("u%d@example.com", i+1)}})
	}
	return plugintest.NewDirectory(2, records...)
}

func TestASourceFarAwayKeepsAllPromises(t *testing.T) {
	plugintest.TestSource(t, func(plugintest.T) plugintest.System {
		d := people(9)
		s, f := d.System(), away(d)
		near := s.Open
		f.driver.Open = func(_ context.Context, setup plugin.Setup) (plugin.Source, error) { return near(setup.Log) }
		s.Open = func(log *zap.Logger) (plugin.Source, error) {
			f.log = log
			return plugin.Peer{Caller: f}.Driver(s.Type).Open(context.Background(), plugin.Setup{Log: log})
		}
		return s
	})
}

func TestAReadAsksForAPageWhenTheLastIsKept(t *testing.T) {
	f := away(people(3))
	source := dial(t, f)
	_, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { f.note("kept"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"source/open", "source/read", "kept", "source/ack", "source/read", "kept", "source/ack", "source/read",
	}
	if diff := cmp.Diff(want, f.calls); diff != "" {
		t.Errorf("calls mismatch (-want +got):\n%s", diff)
	}
}

func TestWhoReadsAfterABrokenReadBeginsAnew(t *testing.T) {
	f := away(people(5))
	source := dial(t, f)
	full := errors.New("the disk is full")
	if _, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return full }); !errors.Is(err, full) {
		t.Fatalf("Read() = %v, want %v", err, full)
	}
	var uids []string
	reading, err := source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		for _, r := range p.Records {
			uids = append(uids, r.UID)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"u1", "u2", "u3", "u4", "u5"}, uids); diff != "" || err != nil || !reading.Complete {
		t.Errorf("Read() = %+v, %v, mismatch (-want +got):\n%s", reading, err, diff)
	}
}

// Whoever is at the other end closes what is asked nothing for long; it is not a
// failure of the next reading.
func TestASourceThatWasClosedAtTheOtherEndIsOpenedAnew(t *testing.T) {
	f := away(people(3))
	source := dial(t, f)
	f.mu.Lock()
	clear(f.sessions)
	f.mu.Unlock()
	came := 0
	reading, err := source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { came += len(p.Records); return nil })
	if err != nil || came != 3 || !reading.Complete {
		t.Errorf("Read() = %+v, %v with %d records, want 3 and that it is complete", reading, err, came)
	}
}

func TestAReadingThatAsksForConfirmationDoesSoFromFarAway(t *testing.T) {
	for _, confirm := range []bool{true, false} {
		source, err := plugin.Peer{Caller: host(func(method string, _ json.RawMessage) (any, error) {
			if method != "source/read" {
				return plugin.OpenResult{Session: "1"}, nil
			}
			return plugin.ReadResult{Done: true, Complete: true, Confirm: confirm}, nil
		})}.Driver(plugin.SourceType{Name: "far"}).Open(t.Context(), plugin.Setup{})
		if err != nil {
			t.Fatal(err)
		}
		reading, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
		if err != nil || reading.Confirm != confirm || !reading.Complete {
			t.Errorf("Read() = %+v, %v; want confirm to be %v", reading, err, confirm)
		}
	}
}

// Many languages write null where there is nothing.
func TestAStateOfNullIsNone(t *testing.T) {
	answers := []any{map[string]any{"pages": []any{}, "state": nil, "done": false}, map[string]any{"pages": []any{}, "state": nil, "done": true}}
	source, err := plugin.Peer{Caller: host(func(method string, _ json.RawMessage) (any, error) {
		if method != "source/read" {
			return plugin.OpenResult{Session: "1"}, nil
		}
		answer := answers[0]
		answers = answers[1:]
		return answer, nil
	})}.Driver(plugin.SourceType{Name: "far"}).Open(t.Context(), plugin.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		t.Errorf("a page came with the state %s", p.State)
		return nil
	})
	if err != nil {
		t.Errorf("Read() = %v", err)
	}
}

func TestACallbackTravelsWhole(t *testing.T) {
	for _, body := range [][]byte{nil, []byte("<xml>é</xml>"), {0xff, 0, 0xfe}} {
		c := plugin.Callback{Method: "POST", Query: "a=1&b=%20", Header: http.Header{"Content-Type": {"text/xml"}}, Body: body}
		got, err := plugin.NewWebhook(c).Callback()
		if err != nil || got.Method != c.Method || got.Query != c.Query || string(got.Body) != string(body) || got.Header.Get("content-type") != "text/xml" {
			t.Errorf("Callback() = %+v, %v; want %+v", got, err, c)
		}
		answer, err := plugin.NewWebhookResult(plugin.Answer{Body: body}, nil).Answer()
		if err != nil || answer.Status != http.StatusOK || string(answer.Body) != string(body) {
			t.Errorf("Answer() = %+v, %v", answer, err)
		}
	}
	for path, p := range map[string]plugin.WebhookParams{"/body": {Body: "?", BodyEncoding: "base64"}, "/bodyEncoding": {BodyEncoding: "hex"}} {
		_, err := p.Callback()
		var e *plugin.Error
		if !errors.As(err, &e) || e.Kind != plugin.Data || e.Path != path {
			t.Errorf("Callback() = %v, want an error of kind data at %s", err, path)
		}
	}
}

func TestATargetFarAwayKeepsAllPromises(t *testing.T) {
	for name, batches := range map[string]bool{"in batches": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			plugintest.TestTarget(t, func(plugintest.T) plugintest.Shelf {
				r := new(plugintest.Register)
				s := r.Shelf()
				s.Target = plugin.Peer{Caller: &far{target: r}}.Target("register", batches, true)
				return s
			})
		})
	}
}

func TestATargetIsCalledAsItWasRegistered(t *testing.T) {
	change := plugin.Change{
		Key: "k", Op: plugin.Create, ID: "7", Source: "hr", MatchKey: "email", Record: plugin.Record{Type: plugin.User, UID: "u1", Attrs: map[string]any{"email": "a@b"}},
	}
	for method, target := range map[string]func(plugin.Peer) plugin.Target{
		"target/apply":  func(p plugin.Peer) plugin.Target { return p.Target("register", true, false) },
		"target/create": func(p plugin.Peer) plugin.Target { return p.Target("register", false, false) },
	} {
		f := &far{target: new(plugintest.Register)}
		near := target(plugin.Peer{Caller: f})
		if _, err := near.Apply(t.Context(), []plugin.Change{change}); err != nil || !slices.Equal(f.calls, []string{method}) {
			t.Errorf("Apply() = %v by %v, want %s", err, f.calls, method)
		}
		if _, finds := near.(plugin.Finder); finds {
			t.Errorf("%s: the target is a Finder, and was not registered as one", method)
		}
	}
}

func dial(t *testing.T, f *far) plugin.Source {
	t.Helper()
	source, err := plugin.Peer{Caller: f}.Driver(f.driver.Type).Open(t.Context(), plugin.Setup{Name: "far"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.(interface{ Close() error }).Close() })
	return source
}

func (f *far) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, what)
}
