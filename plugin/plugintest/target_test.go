package plugintest_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

func TestRegisterKeepsAllPromises(t *testing.T) {
	plugintest.TestTarget(t, func(plugintest.T) plugintest.Shelf { return new(plugintest.Register).Shelf() })
}

// A clerk breaks promises of a target.
type clerk struct {
	*plugintest.Register
	apply func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error)
	find  func([]plugin.Found) ([]plugin.Found, error)
	close func() error
}

func (c clerk) Apply(ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
	if c.apply == nil {
		return c.Register.Apply(ctx, changes)
	}
	return c.apply(c.Register, ctx, changes)
}

func (c clerk) Find(ctx context.Context, q plugin.Query) ([]plugin.Found, error) {
	found, err := c.Register.Find(ctx, q)
	if c.find != nil {
		found, err = c.find(found)
	}
	return found, err
}

func (c clerk) Close() error {
	if c.close == nil {
		return nil
	}
	return c.close()
}

// one by one, each change changed.
func changed(f func(c *plugin.Change)) func(*plugintest.Register, context.Context, []plugin.Change) ([]plugin.Outcome, error) {
	return func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
		changes = slices.Clone(changes)
		for i := range changes {
			f(&changes[i])
		}
		return r.Apply(ctx, changes)
	}
}

// outcomes, changed.
func answered(f func([]plugin.Change, []plugin.Outcome) []plugin.Outcome) func(*plugintest.Register, context.Context, []plugin.Change) ([]plugin.Outcome, error) {
	return func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
		outcomes, err := r.Apply(ctx, changes)
		return f(changes, outcomes), err
	}
}

func TestBrokenTargetsFailTheCheckMeantForThem(t *testing.T) {
	for name, c := range map[string]struct {
		clerk func() clerk
		info  plugin.TargetInfo
		want  []string
	}{
		"accepts nothing": {
			clerk: func() clerk { return clerk{} },
			info:  plugin.TargetInfo{Name: "register"},
			want:  []string{"a target can be registered"},
		},
		"says it has written": {
			clerk: func() clerk {
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					outcomes, err := r.Apply(ctx, changes[:min(len(changes), 2)])
					for _, c := range changes[min(len(changes), 2):] {
						outcomes = append(outcomes, plugin.Outcome{Key: c.Key})
					}
					return outcomes, err
				}}
			},
			want: []string{
				"Apply makes the changes", "a deleted record is not held any more", "one that cannot be made does not keep others from it",
				"Apply ends soon after ctx does, and what has no outcome can be sent again",
			},
		},
		"keeps an outcome to itself": {
			clerk: func() clerk {
				return clerk{apply: answered(func(_ []plugin.Change, o []plugin.Outcome) []plugin.Outcome {
					if len(o) == 3 && o[1].Err == nil {
						return o[:2]
					}
					return o
				})}
			},
			want: []string{"of each change there is one outcome, with its key"},
		},
		"wants something to do": {
			clerk: func() clerk {
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					if len(changes) == 0 {
						return nil, &plugin.Error{Kind: plugin.Data, Msg: "no changes"}
					}
					return r.Apply(ctx, changes)
				}}
			},
			want: []string{"no changes are no error"},
		},
		"does not look at keys": {
			clerk: func() clerk {
				var n atomic.Int64
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					keyed := slices.Clone(changes)
					for i := range keyed {
						keyed[i].Key += string(rune('a' + n.Add(1)))
					}
					outcomes, err := r.Apply(ctx, keyed)
					for i := range outcomes {
						outcomes[i].Key = changes[i].Key
					}
					return outcomes, err
				}}
			},
			want: []string{"a change that comes again is not made twice"},
		},
		"begins at the end": {
			clerk: func() clerk {
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					reversed := slices.Clone(changes)
					slices.Reverse(reversed)
					return r.Apply(ctx, reversed)
				}}
			},
			want: []string{"changes are made in their order"},
		},
		"stops at a bad record": {
			clerk: func() clerk {
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					var all []plugin.Outcome
					for i := range changes {
						outcomes, err := r.Apply(ctx, changes[i:i+1])
						all = append(all, outcomes...)
						if err != nil || outcomes[0].Err != nil {
							return all, err
						}
					}
					return all, nil
				}}
			},
			want: []string{"one that cannot be made does not keep others from it"},
		},
		"an error without a kind": {
			clerk: func() clerk {
				return clerk{apply: answered(func(_ []plugin.Change, o []plugin.Outcome) []plugin.Outcome {
					for i := range o {
						if o[i].Err != nil {
							o[i].Err = errors.New("refused")
						}
					}
					return o
				})}
			},
			want: []string{"the outcome of a change that was not made has an *Error with a kind"},
		},
		"silent when canceled": {
			clerk: func() clerk {
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					outcomes, err := r.Apply(ctx, changes)
					if errors.Is(err, context.Canceled) {
						err = nil
					}
					return outcomes, err
				}}
			},
			want: []string{"Apply ends soon after ctx does, and what has no outcome can be sent again"},
		},
		"one at a time": {
			clerk: func() clerk {
				var busy atomic.Int64
				return clerk{apply: func(r *plugintest.Register, ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
					if len(changes) == 1 && changes[0].Record.UID != "u1" && changes[0].Op == plugin.Create && busy.Add(1) > 1 {
						return nil, &plugin.Error{Kind: plugin.Locked, Msg: "busy"}
					}
					return r.Apply(ctx, changes)
				}}
			},
			want: []string{"Apply may be called by many at a time"},
		},
		"a new row with every change": {
			clerk: func() clerk {
				return clerk{apply: changed(func(c *plugin.Change) {
					if c.Op == plugin.Update {
						c.Rows = nil
					}
				})}
			},
			want: []string{"the rows of an outcome come back as those of a change", "changes are made in their order"},
		},
		"never deletes": {
			clerk: func() clerk {
				return clerk{apply: changed(func(c *plugin.Change) {
					if c.Op == plugin.Delete {
						c.Rows = nil
					}
				})}
			},
			want: []string{"a deleted record is not held any more"},
		},
		"insists on a row": {
			clerk: func() clerk {
				return clerk{apply: answered(func(changes []plugin.Change, o []plugin.Outcome) []plugin.Outcome {
					for i := range o {
						if changes[i].Op == plugin.Delete && len(changes[i].Rows) == 0 {
							o[i].Err = &plugin.Error{Kind: plugin.NotFound, Msg: "no such row"}
						}
					}
					return o
				})}
			},
			want: []string{"the deletion of a record that the target has no row for is nothing to do"},
		},
		"does not find": {
			clerk: func() clerk {
				return clerk{find: func([]plugin.Found) ([]plugin.Found, error) { return nil, errors.New("no such value") }}
			},
			want: []string{"Find gives the rows that have one of the values, and no error for the others"},
		},
		"does not close": {
			clerk: func() clerk { return clerk{close: func() error { return errors.New("busy") }} },
			want:  []string{"a target that is closed has ended"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := func(plugintest.T) plugintest.Shelf {
				r := new(plugintest.Register)
				s := r.Shelf()
				if c.info.Name != "" {
					s.Info = c.info
				}
				broken := c.clerk()
				broken.Register = r
				s.Target = broken
				return s
			}
			expectFaults(t, plugintest.TargetChecks(), start, c.want)
		})
	}
}
