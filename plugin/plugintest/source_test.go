package plugintest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// company is a directory of five pages.
func company() *plugintest.Directory {
	department := func(uid, parent string) plugin.Record {
		return plugin.Record{Type: plugin.Department, UID: uid, Attrs: map[string]any{"title": "Department " + uid, "parentUid": parent}}
	}
	user := func(uid string) plugin.Record {
		return plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{"email": uid + "@example.com", "departments": []any{"d2"}}}
	}
	return plugintest.NewDirectory(2,
		department("d1", ""), department("d2", "d1"), department("d3", "d1"),
		user("u1"), user("u2"), user("u3"), user("u4"), user("u5"), user("u6"))
}

func TestDirectoryKeepsAllPromises(t *testing.T) {
	plugintest.TestSource(t, func(plugintest.T) plugintest.System { return company().System() })
}

func TestAllPromisesCanBeToldOfTheReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := func(plugintest.T) plugintest.System { return company().System() }
		for r := range plugintest.Run(t.Context(), plugintest.SourceChecks(), start) {
			if !r.Told || len(r.Faults) > 0 || r.Why == "" {
				t.Errorf("%s: told %t, faults %q, because %q", r.Name, r.Told, r.Faults, r.Why)
			}
		}
	})
}

// An emitter is emit.
type emitter func(plugin.Page) error

// A vandal breaks promises of a source: what it leaves nil is kept.
type vandal struct {
	plugin.Source // a Checker and a Receiver too
	d             *plugintest.Directory
	log           *zap.Logger
	read          func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error)
	check         func(plugin.Check) plugin.Check
	receive       func(plugin.Answer, []plugin.Event) (plugin.Answer, []plugin.Event)
	close         func() error
}

func (v vandal) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	if v.read == nil {
		return v.Source.Read(ctx, req, emit)
	}
	return v.read(v, ctx, req, emit)
}

func (v vandal) Check(ctx context.Context) (plugin.Check, error) {
	c, err := v.Source.(plugin.Checker).Check(ctx)
	if v.check != nil {
		c = v.check(c)
	}
	return c, err
}

func (v vandal) Receive(ctx context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	a, events, err := v.Source.(plugin.Receiver).Receive(ctx, c)
	if v.receive != nil {
		a, events = v.receive(a, events)
	}
	return a, events, err
}

func (v vandal) Close() error {
	if v.close == nil {
		return nil
	}
	return v.close()
}

// full reads everything, each page changed.
func full(change func(n int, p *plugin.Page)) func(vandal, context.Context, plugin.Request, emitter) (plugin.Reading, error) {
	return func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
		n := 0
		return v.Source.Read(ctx, req, func(p plugin.Page) error {
			if n++; len(req.Only) == 0 {
				change(n, &p)
			}
			return emit(p)
		})
	}
}

// after reads everything and changes what comes of it.
func after(change func(req plugin.Request, r *plugin.Reading, err *error)) func(vandal, context.Context, plugin.Request, emitter) (plugin.Reading, error) {
	return func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
		r, err := v.Source.Read(ctx, req, emit)
		change(req, &r, &err)
		return r, err
	}
}

func failed(err error) bool {
	var e *plugin.Error
	return errors.As(err, &e)
}

func TestBrokenSourcesFailTheCheckMeantForThem(t *testing.T) {
	for name, c := range map[string]struct {
		vandal vandal
		system func(*plugintest.System)
		want   []string
	}{
		"a name with a blank": {
			system: func(s *plugintest.System) { s.Type.Name = "my directory" },
			want:   []string{"a source type can be registered"},
		},
		"an option without a title": {
			system: func(s *plugintest.System) {
				s.Type.OptionsSchema = json.RawMessage(`{"properties":{"auth":{"title":"A","description":"B","properties":{"key":{"description":"C"}}}}}`)
			},
			want: []string{"every option has a title and a description"},
		},
		"a Checker in secret": {
			system: func(s *plugintest.System) { s.Type.Capabilities.Check = false },
			want:   []string{"a source is a Checker and a Receiver where its type says so, and only there"},
		},
		"leaves one out and counts without it": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				r, err := full(func(_ int, p *plugin.Page) {
					p.Records = slices.DeleteFunc(p.Records, func(r plugin.Record) bool { return r.UID == "u2" })
				})(v, ctx, req, emit)
				if r.Counts != nil {
					r.Counts[plugin.User]--
				}
				return r, err
			}},
			want: []string{"Read hands the records of the system to emit"},
		},
		"a record without a uid": {
			vandal: vandal{read: full(func(_ int, p *plugin.Page) { p.Records = append(p.Records, plugin.Record{Type: plugin.User}) })},
			want:   []string{"a record has a type that is declared, and a uid of 1 to 255 characters"},
		},
		"a value that cannot be written": {
			vandal: vandal{read: full(func(_ int, p *plugin.Page) {
				p.Records = append(p.Records, plugin.Record{Type: plugin.User, UID: "u9", Attrs: map[string]any{"f": func() {}}})
			})},
			want: []string{"values are any that encoding/json can write"},
		},
		"a huge state": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				var small struct{ State json.RawMessage }
				if req.State != nil && json.Unmarshal(req.State, &small) == nil {
					req.State = small.State
				}
				return full(func(_ int, p *plugin.Page) {
					p.State, _ = json.Marshal(map[string]any{"State": p.State, "padding": strings.Repeat("x", 70_000)})
				})(v, ctx, req, emit)
			}},
			want: []string{"a State is any JSON, up to 64 KiB"},
		},
		"emits from two goroutines": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				return v.Source.Read(ctx, req, func(p plugin.Page) error {
					if len(p.Records) < 2 {
						return emit(p)
					}
					other := make(chan error)
					go func() { other <- emit(plugin.Page{Records: p.Records[:1], State: p.State}) }()
					err := emit(plugin.Page{Records: p.Records[1:], State: p.State})
					return errors.Join(err, <-other)
				})
			}},
			want: []string{
				"emit is not called by two goroutines at a time", "when emit fails Read gives up and returns that error",
				"a Read goes on after the page whose State it is given",
			},
		},
		"reads all before it emits": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				var pages []plugin.Page
				r, err := v.Source.Read(ctx, req, func(p plugin.Page) error { pages = append(pages, p); return nil })
				for _, p := range pages {
					if err := errors.Join(ctx.Err(), emit(p)); err != nil {
						return plugin.Reading{}, err
					}
				}
				return r, errors.Join(err, ctx.Err())
			}},
			want: []string{"a source is never ahead of what is kept by more than one page"},
		},
		"goes on after emit failed": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				return v.Source.Read(ctx, req, func(p plugin.Page) error { emit(p); return nil })
			}},
			want: []string{"when emit fails Read gives up and returns that error"},
		},
		"emits after it has returned": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				r, err := v.Source.Read(ctx, req, emit)
				if err != nil {
					time.AfterFunc(time.Millisecond, func() { emit(plugin.Page{}) })
				}
				return r, err
			}},
			want: []string{"emit is not called after Read has returned"},
		},
		"an end without ctx's error": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				r, err := v.Source.Read(ctx, req, emit)
				if errors.Is(err, context.Canceled) && v.d.Served() > 0 {
					err = &plugin.Error{Kind: plugin.Internal, Msg: "read"}
				}
				return r, err
			}},
			want: []string{"Read ends soon after ctx does, with ctx's error"},
		},
		"deaf while it waits": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				r, err := v.Source.Read(ctx, req, emit)
				if errors.Is(err, context.Canceled) && v.d.Served() == 0 {
					time.Sleep(time.Minute)
				}
				return r, err
			}},
			want: []string{"Read ends soon after ctx does while the system keeps it waiting"},
		},
		"what came is enough": {
			vandal: vandal{read: after(func(_ plugin.Request, _ *plugin.Reading, err *error) {
				if failed(*err) {
					*err = nil
				}
			})},
			want: []string{"Read returns an error rather than less than all there is"},
		},
		"complete whatever happens": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) { r.Complete = len(req.Only) == 0 })},
			want:   []string{"a Reading is Complete only when every call on the way succeeded"},
		},
		"an error without a kind": {
			vandal: vandal{read: after(func(_ plugin.Request, _ *plugin.Reading, err *error) {
				if failed(*err) {
					*err = errors.New("it failed")
				}
			})},
			want: []string{"the error is an *Error with a kind"},
		},
		"never tries again": {
			system: func(s *plugintest.System) {
				fail := s.Break
				s.Break = func(times int) { fail(3 * times) } // as often as the reference tries
			},
			want: []string{"a source retries what may pass by itself"},
		},
		"counts one too many": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) {
				if r.Counts != nil && req.State == nil {
					r.Counts[plugin.User]++
				}
			})},
			want: []string{"Counts says how many records of each type there are", "Counts are of all that was emitted, by the Reads that it went on from too"},
		},
		"skips a page when it goes on": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				first := req.State != nil
				return v.Source.Read(ctx, req, func(p plugin.Page) error {
					if first {
						first = false
						return nil
					}
					return emit(p)
				})
			}},
			want: []string{"a Read goes on after the page whose State it is given"},
		},
		"counts from where it went on": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) {
				if req.State != nil && r.Counts != nil {
					r.Counts[plugin.User] = 0
				}
			})},
			want: []string{"Counts are of all that was emitted, by the Reads that it went on from too"},
		},
		"does not close": {
			vandal: vandal{close: func() error { return errors.New("busy") }},
			want:   []string{"a source that is closed has ended"},
		},
		"looks up everybody": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				r, err := v.Source.Read(ctx, req, emit)
				if len(req.Only) > 1 && err == nil && len(r.Gone) == 0 {
					emit(plugin.Page{Records: []plugin.Record{{Type: plugin.User, UID: "u3"}}})
				}
				return r, err
			}},
			want: []string{"Only asks for these records alone"},
		},
		"says nothing of a record that never was": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) {
				if len(req.Only) > 1 {
					r.Gone = nil
				}
			})},
			want: []string{"every record of Only is emitted, Gone or Hidden"},
		},
		"complete after one record": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) { r.Complete = r.Complete || len(req.Only) > 0 })},
			want:   []string{"a Read of Only is not Complete"},
		},
		"asks for confirmation and cannot look up": {
			system: func(s *plugintest.System) { s.Type.Capabilities.Lookup = false },
			vandal: vandal{read: after(func(_ plugin.Request, r *plugin.Reading, _ *error) { r.Confirm = r.Complete })},
			want:   []string{"a Reading that asks for confirmation is of a source that can look up"},
		},
		"hides who is gone": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) {
				r.Hidden, r.Gone = append(r.Hidden, r.Gone...), nil
			})},
			want: []string{"a record that is not there any more is named in Gone"},
		},
		"takes who is hidden for gone": {
			vandal: vandal{read: after(func(req plugin.Request, r *plugin.Reading, _ *error) {
				r.Hidden, r.Gone = nil, append(r.Hidden, r.Gone...)
			})},
			want: []string{"a record that may be there but cannot be seen is named in Hidden"},
		},
		"always a fault": {
			vandal: vandal{check: func(c plugin.Check) plugin.Check {
				c.Steps = append(c.Steps, plugin.Step{Name: "mapping", Message: "no"})
				return c
			}},
			want: []string{"Check finds a source that can be read to be in order"},
		},
		"a sample of its own": {
			vandal: vandal{check: func(c plugin.Check) plugin.Check {
				c.Sample = []plugin.Record{{Type: plugin.User, UID: "u1"}}
				return c
			}},
			want: []string{"Sample is up to 10 records as they would be synchronized"},
		},
		"never a fault": {
			vandal: vandal{check: func(c plugin.Check) plugin.Check {
				c.Steps[0].OK = true
				return c
			}},
			want: []string{"what does not work is a step that is not OK"},
		},
		"no events": {
			vandal: vandal{receive: func(a plugin.Answer, _ []plugin.Event) (plugin.Answer, []plugin.Event) { return a, nil }},
			want:   []string{"Receive turns a callback into events"},
		},
		"welcomes everybody": {
			vandal: vandal{receive: func(_ plugin.Answer, events []plugin.Event) (plugin.Answer, []plugin.Event) {
				return plugin.Answer{}, events
			}},
			want: []string{"a callback that is not what it claims to be is refused and brings no event"},
		},
		"a secret in an error": {
			vandal: vandal{read: after(func(_ plugin.Request, _ *plugin.Reading, err *error) {
				if failed(*err) {
					*err = &plugin.Error{Kind: plugin.Transient, Msg: "get /?key=open sesame"}
				}
			})},
			want: []string{"no secret is in an error, a step, a log or a State"},
		},
		"a secret in a State": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				if req.State != nil {
					req.State = req.State[len(`["open sesame",`) : len(req.State)-1]
				}
				return v.Source.Read(ctx, req, func(p plugin.Page) error {
					if p.State != nil {
						p.State = fmt.Appendf(nil, `["open sesame",%s]`, p.State)
					}
					return emit(p)
				})
			}},
			want: []string{"no secret is in an error, a step, a log or a State"},
		},
		"an address in a log": {
			vandal: vandal{read: func(v vandal, ctx context.Context, req plugin.Request, emit emitter) (plugin.Reading, error) {
				v.log.Debug("reading", zap.String("user", "u1@example.com"))
				return v.Source.Read(ctx, req, emit)
			}},
			want: []string{"no value of a record is in a log or an error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := func(plugintest.T) plugintest.System {
				d := company()
				s := d.System()
				if c.system != nil {
					c.system(&s)
				}
				open := s.Open
				s.Open = func(log *zap.Logger) (plugin.Source, error) {
					v := c.vandal
					v.d, v.log = d, log
					var err error
					v.Source, err = open(log)
					return v, err
				}
				return s
			}
			expectFaults(t, plugintest.SourceChecks(), start, c.want)
		})
	}
}

// expectFaults wants exactly these checks to find a fault.
func expectFaults[S any](t *testing.T, checks []plugintest.Check[S], start func(plugintest.T) S, want []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var got, said []string
		for r := range plugintest.Run(t.Context(), checks, start) {
			if len(r.Faults) > 0 {
				got = append(got, r.Name)
				said = append(said, fmt.Sprint(r.Name, ": ", r.Faults))
			}
		}
		time.Sleep(time.Hour) // by the bubble's clock: what a check has given up on ends too
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("checks that found a fault mismatch (-want +got):\n%s\n%s", diff, strings.Join(said, "\n"))
		}
	})
}
