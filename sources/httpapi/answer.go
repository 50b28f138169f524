package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

var (
	errSilent  = errors.New("it is silent")
	errTooLong = errors.New("the answer is longer than allowed")
	errAround  = errors.New("it redirects again and again")
)

// An answer is one that an address gave, and what was read of it.
type answer struct {
	header http.Header
	url    *url.URL // that gave it, after redirects
	body   io.Reader

	rows int // records in it
	next any // what is at paging.next
}

// A refusal is an answer that says no.
type refusal struct {
	status int
	page   bool // it is a web page: what said no may not be the system itself
}

func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("it answered %d %s", r.status, http.StatusText(r.status)))
}

// refused gives the error of a response that is not what was asked for.
func refused(r *http.Response, asked call) error {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	page := mediaType == "text/html" || mediaType == "application/xhtml+xml"
	e := &plugin.Error{Msg: "ask " + asked.shown, Err: &refusal{r.StatusCode, page}}
	switch code := r.StatusCode; {
	case code == http.StatusOK && page && r.Request.Response != nil:
		e.Kind, e.Err = plugin.Auth, errors.New("it redirects to a web page, where people sign in")
		e.Hint = "check the credentials of the source"
	case code == http.StatusOK && page:
		e.Kind, e.Err = plugin.Config, errors.New("it answered with a web page")
		e.Hint = "check that it is the address of the API, and the credentials"
	case code == http.StatusOK:
		return nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		e.Kind, e.Hint = plugin.Auth, "check the credentials of the source, and what they may read"
	case code == http.StatusTooManyRequests:
		e.Kind, e.Hint = plugin.RateLimited, "lower requestsPerSecond of the source"
		e.RetryAfter = retryAfter(r.Header)
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		e.Kind, e.Hint = plugin.Transient, "try again later, or ask who runs the system"
		e.RetryAfter = retryAfter(r.Header)
	default:
		e.Kind, e.Hint = plugin.Config, "check the address and the query of the source"
	}
	return e
}

// retryAfter reads how long a system wants to be left alone: seconds, or until a
// date. At once is a millisecond, for 0 is that nothing was said.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return max(time.Duration(min(seconds, 1<<30))*time.Second, time.Millisecond)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), time.Millisecond)
	}
	return 0
}

// A noAnswer is why there is none.
type noAnswer struct{ error }

// unreachable is the error of a request without a response. What net/http says
// may repeat an address with its query, or what was answered.
func unreachable(ctx context.Context, asked call, err error) error {
	e := &plugin.Error{Kind: plugin.Transient, Msg: "ask " + asked.shown, Hint: "check the address, and that this machine can reach it"}
	var network *net.OpError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		e.Err, e.Hint = errors.New("it did not answer in time"), "try again later, or raise timeoutSeconds of the source"
	case errors.As(err, &unverified):
		e.Kind, e.Err, e.Hint = plugin.Config, unverified, "name the certificate of who vouches for it in caFile"
	case errors.As(err, &network):
		e.Err = network
	case errors.Is(err, errAround):
		e.Err = errAround
	default:
		e.Err = errors.New("it hung up, or does not speak HTTP")
	}
	e.Err = noAnswer{e.Err}
	return e
}

// A body is that of a response, as far as it may go. It is given up when it is
// silent for too long while it is read.
type body struct {
	r       io.Reader
	left    int64
	silence *time.Timer
	timeout time.Duration
	err     error // why reading ended before its time
}

// Read reads on.
func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = errTooLong
		return 0, b.err
	}
	b.silence.Reset(b.timeout)
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.silence.Stop()
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// blame says what was wrong when the answer could not be taken: the connection,
// or the answer itself.
func (b *body) blame(ctx context.Context, asked call, err error) error {
	var e *plugin.Error
	switch {
	case err == nil, errors.As(err, new(stop)):
		return err
	case errors.Is(b.err, errTooLong):
		return &plugin.Error{
			Kind: plugin.Config, Msg: "read the answer of " + asked.shown, Err: b.err,
			Hint: "ask for fewer records at a time, or raise maxAnswerMiB of the source",
		}
	case errors.Is(context.Cause(ctx), errSilent):
		return &plugin.Error{
			Kind: plugin.Transient, Msg: "read the answer of " + asked.shown + ": it stopped in the middle",
			Hint: "try again later, or raise timeoutSeconds of the source",
		}
	case b.err != nil:
		return &plugin.Error{Kind: plugin.Transient, Msg: "read the answer of " + asked.shown + ": it was cut off", Hint: "try again later"}
	case errors.As(err, &e):
		named := *e
		named.Msg = "read the answer of " + asked.shown + ": " + e.Msg
		return &named
	}
	return err
}
