package demo

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
)

// A Scene is something that happens, what an operator types, and what must come
// of it.
type Scene struct {
	Title string
	// Happens has it happen, and tells it: sentences, a line each. It is called
	// once, before Play.
	Happens func(ctx context.Context) ([]string, error)
	Command string // what an operator types to do what Play does
	// Play does it. The error is what kept the scene from being played: a run
	// that fails as the story wants it is an Outcome.
	Play func(ctx context.Context, report Tell) (*Outcome, error)
}

// A Tell is told how far a run is.
type Tell = func(engine.Progress)

// An Outcome is what came of a scene. It has one of Report, Ended and Tasks.
type Outcome struct {
	Report *engine.Report // of a sync, or of a plan, with its items
	Ended  error          // why a sync ended without one
	Tasks  []engine.Task  // a list of runs
	Facts  []Fact
}

// A Fact is something the story says, and whether it is so.
type Fact struct {
	Text string `json:"text"`
	True bool   `json:"true"`
}

// fact adds what the story says.
func (o *Outcome) fact(isSo bool, text string) { o.Facts = append(o.Facts, Fact{text, isSo}) }

// sync synchronizes the source, which has to come to its end.
func (s *Story) sync(ctx context.Context, report Tell) (*Outcome, error) {
	r, err := s.engine.Sync(ctx, source(), report)
	if err != nil {
		return nil, err
	}
	o := &Outcome{Report: r}
	if r.Task.State != engine.Success {
		o.fact(false, "every record was written")
	}
	return o, nil
}
