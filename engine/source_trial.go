package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// trialTime is how long a test of a source may take.
const trialTime = time.Minute

// TestSource tries to read a source as it is saved, or as the draft would make
// it of that source, or of none where name is empty. The error is of kind
// Unsupported where its type cannot be tested, and Transient when the system
// does not answer within a minute.
func (e *Engine) TestSource(ctx context.Context, name string, d *SourceDraft) (plugin.Check, error) {
	if d == nil {
		d = &SourceDraft{}
	}
	row, err := e.saved(ctx, name)
	if err != nil {
		return plugin.Check{}, err
	}
	if row == nil && d.Name == nil {
		unsaved := "a new source"
		d.Name = &unsaved
	}
	p, err := e.propose(row, *d)
	if err != nil {
		return plugin.Check{}, err
	}
	of, err := p.setup()
	if err != nil {
		return plugin.Check{}, err
	}
	trial, stop := context.WithTimeout(ctx, trialTime)
	defer stop()
	check, err := e.try(trial, p.driver, of)
	check.Steps = append(check.Steps, p.matching(check.Sample)...)
	if err != nil && errors.Is(trial.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		err = &plugin.Error{Kind: plugin.Transient, Msg: "source " + of.Name + " was not tested within " + trialTime.String(), Hint: "see that its system can be reached from here"}
	}
	return check, told(ctx, err)
}

// try opens a source, has it test itself, and closes it.
func (e *Engine) try(ctx context.Context, d plugin.Driver, of *setup) (plugin.Check, error) {
	untestable := &plugin.Error{Kind: plugin.Unsupported, Path: "/sourceType", Msg: "sources of type " + d.Type.Name + " cannot be tested", Hint: "push to it, or read it"}
	if d.Open == nil {
		return plugin.Check{}, untestable
	}
	source, err := d.Open(ctx, plugin.Setup{Name: of.Name, Options: of.Options, Log: e.log.With(zap.String("source", of.Name))})
	if err != nil {
		return plugin.Check{}, err
	}
	defer closeSource(source)
	checker, ok := source.(plugin.Checker)
	if !ok {
		return plugin.Check{}, untestable
	}
	return checker.Check(ctx)
}

// closeSource closes a source that can be closed. It is done with: what it says
// to that helps nobody.
func closeSource(s plugin.Source) {
	if c, ok := s.(io.Closer); ok {
		c.Close() //nolint:errcheck // see above
	}
}
