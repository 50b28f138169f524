package plugin

import (
	"errors"
	"time"
)

// A Kind is the class of an error: what a caller can act on.
type Kind string

// The kinds, from what an operator must mend to what is nobody's fault.
const (
	Config      Kind = "config"       // settings are wrong; retrying changes nothing
	Auth        Kind = "auth"         // credentials were refused
	RateLimited Kind = "rate-limited" // too many calls; see Error.RetryAfter
	Transient   Kind = "transient"    // a fault that may pass
	Data        Kind = "data"         // a record or a body is not what it must be
	Conflict    Kind = "conflict"     // somebody else holds the value or the row
	Guard       Kind = "guard"        // a safety rule held the run
	Locked      Kind = "locked"       // somebody else is at work on it
	NotFound    Kind = "not-found"    // no such task, record, source
	Unsupported Kind = "unsupported"  // this build or this target cannot do it
	Overloaded  Kind = "overloaded"   // too much in flight; send again later
	Stale       Kind = "stale"        // what was asked about has changed since
	Canceled    Kind = "canceled"     // the caller took it back
	Internal    Kind = "internal"     // a mistake of ours
)

// Valid says whether k is one of the kinds.
func (k Kind) Valid() bool {
	switch k {
	case Config, Auth, RateLimited, Transient, Data, Conflict, Guard, Locked, NotFound, Unsupported, Overloaded, Stale, Canceled, Internal:
		return true
	}
	return false
}

// An Error is what went wrong, for a program (Kind, Path, UID) and for an
// operator (the text and the Hint). The text says what was being done and to
// what; it never holds a secret or an attribute's value.
type Error struct {
	Kind       Kind
	Msg        string        // what happened, lower case, without a period
	Hint       string        // what to do next
	Path       string        // which parameter or field, as a JSON pointer or a field's name
	UID        string        // which record
	RetryAfter time.Duration // how long to wait before trying again, where that is known
	Err        error         // the cause
}

// Error gives the text with its cause and hint.
func (e *Error) Error() string {
	s := e.Msg
	if e.Err != nil {
		if s != "" {
			s += ": "
		}
		s += e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable says whether doing the same again later may succeed.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case RateLimited, Transient, Locked, Overloaded:
		return true
	}
	return false
}

// KindOf gives the kind of the outermost *Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
