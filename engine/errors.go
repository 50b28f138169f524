package engine

import (
	"context"
	"errors"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// kinds says what kind of error a fault of the database is to a caller.
var kinds = map[schema.Class]plugin.Kind{
	schema.Duplicate:     plugin.Conflict,
	schema.Rejected:      plugin.Data,
	schema.Busy:          plugin.Transient,
	schema.Gone:          plugin.Transient,
	schema.Misconfigured: plugin.Config,
	schema.Canceled:      plugin.Canceled,
}

// told makes of any error one that has a kind and may be told to a caller.
func told(ctx context.Context, err error) error {
	var known *plugin.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if cause := context.Cause(ctx); errors.As(cause, &known) {
		return cause
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return canceled("the run was canceled", err)
	}
	if kind, ok := kinds[schema.ClassOf(err)]; ok {
		return &plugin.Error{Kind: kind, Err: err}
	}
	return err
}

func canceled(what string, err error) error {
	return &plugin.Error{Kind: plugin.Canceled, Msg: what, Err: err}
}
