package engine

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

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
		return canceled("the run was canceled", cmp.Or(ctx.Err(), context.Canceled)) // what broke off because of it says nothing
	}
	if kind := kindOf(err); kind != "" {
		return faultOf(kind, err)
	}
	return err
}

// kindOf says what kind of error a fault of the database is to a caller; "" of
// any other error.
func kindOf(err error) plugin.Kind {
	switch schema.ClassOf(err) {
	case schema.Duplicate:
		return plugin.Conflict
	case schema.Rejected:
		return plugin.Data
	case schema.Busy, schema.Gone:
		return plugin.Transient
	case schema.Misconfigured:
		return plugin.Config
	case schema.Canceled:
		return plugin.Canceled
	}
	return ""
}

// faultOf makes an error of a kind of what the database answered.
func faultOf(kind plugin.Kind, err error) error {
	e := &plugin.Error{Kind: kind, Err: err}
	if fault, ok := errors.AsType[*schema.Error](err); ok && fault.Hint != "" {
		e.Hint, e.Err = fault.Hint, hintless{err, fault.Hint}
	}
	return e
}

// hintless is an error without the hint in its text, which has a place of its
// own.
type hintless struct {
	error
	hint string
}

func (e hintless) Error() string { return strings.ReplaceAll(e.error.Error(), " ("+e.hint+")", "") }
func (e hintless) Unwrap() error { return e.error }

func canceled(what string, err error) error {
	return &plugin.Error{Kind: plugin.Canceled, Msg: what, Err: err}
}
