package serve

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// say answers with JSON. Bytes of records that are no UTF-8 become U+FFFD.
func (x *exchange) say(status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if !utf8.Valid(b) {
		b = []byte(strings.ToValidUTF8(string(b), "\uFFFD"))
	}
	x.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.Header().Set("Content-Length", strconv.Itoa(len(b)))
	x.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		x.Write(b) //nolint:errcheck // who does not read the answer is gone
	}
	return nil
}

// data is how NocoBase wraps what an action answers.
type data struct {
	Data any `json:"data"`
}

// A refusal is an error with the status that it is answered with.
type refusal struct {
	status int
	err    *plugin.Error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(status int, e *plugin.Error) error { return &refusal{status, e} }

func overloaded(what string) error {
	return &plugin.Error{Kind: plugin.Overloaded, Msg: what, Hint: "send it again later", RetryAfter: time.Second}
}

// failures are NocoBase's words for what an action throws.
type failures struct {
	Errors []failure `json:"errors"`
}

type failure struct {
	Message string      `json:"message"`
	Code    plugin.Kind `json:"code,omitempty"`
	Hint    string      `json:"hint,omitempty"`
}

// fail answers an error, unless something has been answered already.
func (x *exchange) fail(err error) {
	if err == nil {
		return
	}
	status, e := x.classify(err)
	if x.status != 0 {
		return
	}
	x.retryAfter(status, e)
	x.say(status, failures{[]failure{{message(e), e.Kind, e.Hint}}}) //nolint:errcheck // it is text
}

// classify gives the status of an error, and what may be said of it. The text of
// a plugin.Error is safe to send; any other may hold a secret and is logged.
func (x *exchange) classify(err error) (int, *plugin.Error) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.err
	}
	e, ok := errors.AsType[*plugin.Error](err)
	switch {
	case !ok:
		x.log.Error("internal error", zap.String("route", x.route), zap.Error(err))
		return http.StatusInternalServerError, &plugin.Error{Kind: plugin.Internal, Msg: "internal error", Hint: "Roster's log says more"}
	case e.Retryable(), e.Kind == plugin.Canceled:
		return http.StatusServiceUnavailable, e
	}
	return http.StatusInternalServerError, e
}

// retryAfter says when to come again, where that is worth it.
func (x *exchange) retryAfter(status int, e *plugin.Error) {
	if status == http.StatusServiceUnavailable {
		seconds := math.Ceil(cmp.Or(e.RetryAfter, 5*time.Second).Seconds())
		x.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
}

// message is the text of an error without its hint, which has a place of its own.
func message(e *plugin.Error) string {
	plain := *e
	plain.Hint = ""
	return plain.Error()
}
