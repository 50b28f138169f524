package wecom

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	// patience is how long a call may take.
	patience = time.Minute
	// maxAnswer bounds an answer. 30,000 people in one department come to 40 MiB.
	maxAnswer = 128 << 20
)

var errSilent = errors.New("WeCom did not answer in time")

// A line is how WeCom is reached: no more calls at a time, and in a second, than
// is wanted. What goes wrong on it never repeats an address: its query has the
// token, or the secret itself.
type line struct {
	http    *http.Client
	base    string // of the addresses of calls
	limiter *rate.Limiter
	gate    *gate
}

func newLine(o options) (*line, error) {
	base, err := parseURL("/baseUrl", cmp.Or(o.BaseURL, defaultBaseURL), false)
	if err != nil {
		return nil, err
	}
	concurrency := cmp.Or(o.Concurrency, defaultConcurrency)
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: concurrency,
		IdleConnTimeout:     time.Minute,
	}
	if o.ProxyURL != "" {
		proxy, err := parseURL("/proxyUrl", o.ProxyURL.Reveal(), true)
		if err != nil {
			return nil, err
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return &line{
		// A redirect is not followed: it would take the token along.
		http:    &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		base:    base.JoinPath("cgi-bin").String() + "/",
		limiter: newLimiter(o.RequestsPerSecond),
		gate:    newGate(concurrency),
	}, nil
}

// send makes a call and reads its answer.
func (l *line) send(ctx context.Context, asked call) ([]byte, error) {
	if err := l.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer l.gate.leave()
	if l.limiter.Wait(ctx) != nil {
		return nil, cmp.Or(ctx.Err(), context.DeadlineExceeded) // it would come first
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	request, err := asked.request(ctx, l.base)
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Internal, Msg: "make the call " + asked.name, Hint: "report this to the authors of Roster"}
	}
	response, err := l.http.Do(request)
	if err != nil {
		return nil, unreachable(ctx, asked.name, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, notWeCom(asked.name, response.StatusCode)
	}
	return read(ctx, asked.name, response)
}

func (a call) request(ctx context.Context, base string) (*http.Request, error) {
	address := base + a.name + "?" + a.query.Encode()
	if a.body == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, err
}

func read(ctx context.Context, name string, r *http.Response) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), 1<<20)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case n > maxAnswer:
		return nil, &plugin.Error{Kind: plugin.Data, Msg: fmt.Sprintf("ask %s: the answer is longer than %d MiB", name, maxAnswer>>20), Hint: "split the department"}
	case errors.Is(context.Cause(ctx), errSilent):
		return nil, silent(name)
	case err != nil:
		return nil, &plugin.Error{Kind: plugin.Transient, Msg: "ask " + name + ": the answer was cut off", Hint: "try again later"}
	}
	return b.Bytes(), nil
}

func silent(name string) error {
	return &plugin.Error{Kind: plugin.Transient, Msg: "ask " + name, Err: errSilent, Hint: "try again later, or see whether a proxy on the way is slow"}
}

// unreachable is the error of a call without an answer. What net/http says
// repeats the address, and is never shown.
func unreachable(ctx context.Context, name string, err error) error {
	e := &plugin.Error{Kind: plugin.Transient, Msg: "ask " + name, Hint: "check baseUrl and proxyUrl of the source, and that this machine reaches WeCom"}
	var network *net.OpError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return silent(name)
	case errors.As(err, &unverified):
		e.Kind, e.Err, e.Hint = plugin.Config, unverified, "look for a proxy on the way that breaks up TLS"
	case errors.As(err, &network):
		e.Err = network
	default:
		e.Err = errors.New("it hung up, or does not speak HTTP")
	}
	return e
}

// notWeCom is the error of a status that WeCom does not give: its own is 200
// whatever it says.
func notWeCom(name string, code int) error {
	e := &plugin.Error{
		Kind: plugin.Config, Msg: fmt.Sprintf("ask %s: the answer is %d %s, which is not WeCom's", name, code, http.StatusText(code)),
		Hint: "check baseUrl and proxyUrl of the source",
	}
	if code >= http.StatusInternalServerError || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout {
		e.Kind, e.Hint = plugin.Transient, "try again later"
	}
	return e
}

// unreadable is the error of an answer that is no JSON, or not that of the call.
func unreadable(name string, body []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case !errors.As(err, &syntax):
		return &plugin.Error{Kind: plugin.Data, Msg: "ask " + name + ": the answer is not what WeCom documents", Hint: "use a newer Roster"}
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")):
		return &plugin.Error{Kind: plugin.Config, Msg: "ask " + name + ": the answer is a web page", Hint: "check baseUrl and proxyUrl of the source"}
	}
	return &plugin.Error{Kind: plugin.Transient, Msg: "ask " + name + ": the answer was cut off, or is no JSON", Hint: "try again later"}
}
