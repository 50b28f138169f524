package httpapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

const (
	firstPause = 500 * time.Millisecond // doubled with each try
	longPause  = 30 * time.Second
	// patience is the longest that a system may ask to be left alone for.
	patience = 2 * time.Minute
	// laterOn is when a run that has given up is best tried again.
	laterOn = time.Minute
)

// A client asks addresses.
type client struct {
	http     *http.Client
	limiter  *rate.Limiter
	tries    int
	timeout  time.Duration // of silence
	maxBytes int64
	log      *zap.Logger
}

func newClient(o options, lists []*list, log *zap.Logger) (*client, error) {
	roots, err := readRoots(o.CAFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     time.Minute,
	}
	signer, err := newSigner(transport, o, lists)
	if err != nil {
		return nil, err
	}
	retries := 4
	if o.Retries != nil {
		retries = *o.Retries
	}
	return &client{
		http:     &http.Client{Transport: signer, CheckRedirect: redirect},
		limiter:  rate.NewLimiter(rate.Limit(cmp.Or(o.RequestsPerSecond, 10)), 1),
		tries:    retries + 1,
		timeout:  time.Duration(cmp.Or(o.TimeoutSeconds, 30) * float64(time.Second)),
		maxBytes: cmp.Or(o.MaxAnswerMiB, 256) << 20,
		log:      log,
	}, nil
}

// readRoots reads who vouches for the system; nil is whom this machine trusts.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(text) {
		return nil, mapping.Wrong("/caFile", "it cannot be read as certificates", "give the path of a PEM file on the machine that runs Roster")
	}
	return roots, nil
}

// redirect keeps where a request came from to itself: its query may be secret.
func redirect(r *http.Request, via []*http.Request) error {
	r.Header.Del("Referer")
	if len(via) >= 10 {
		return errAround
	}
	return nil
}

// A call is one address that is asked.
type call struct {
	url   *url.URL
	shown string // the address in messages: without its query and a uid, which may be secret or personal
}

// get makes a call and has take read the answer, as often as what goes wrong may
// pass; take begins anew each time. An error of take that is a stop ends it.
func (c *client) get(ctx context.Context, asked call, take func(*answer) error) error {
	for n := 1; ; n++ {
		err := c.try(ctx, asked, take)
		var stopped stop
		var e *plugin.Error
		switch {
		case err == nil:
			return nil
		case errors.As(err, &stopped):
			return stopped.error
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &e) || !e.Retryable():
			return err
		case n >= c.tries || e.RetryAfter > patience:
			e.RetryAfter = cmp.Or(e.RetryAfter, laterOn)
			return err
		}
		c.log.Debug("asking again", zap.String("address", asked.shown), zap.Int("try", n), zap.Error(err))
		if err := pause(ctx, e.RetryAfter, n); err != nil {
			return err
		}
	}
}

// pause waits as long as the system asks for, or longer with each try.
func pause(ctx context.Context, asked time.Duration, n int) error {
	if asked == 0 {
		asked = min(firstPause<<min(n-1, 10), longPause)
		asked += rand.N(asked / 4) // so that not all of them come back at once
	}
	timer := time.NewTimer(asked)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// try asks once.
func (c *client) try(ctx context.Context, asked call, take func(*answer) error) error {
	if c.limiter.Wait(ctx) != nil {
		return cmp.Or(ctx.Err(), context.DeadlineExceeded) // it would come first
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(c.timeout, func() { cancel(errSilent) })
	defer silence.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.url.String(), http.NoBody)
	if err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "the address cannot be asked", Hint: "look at the addresses of the source"}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "roster")
	response, err := c.http.Do(request)
	if err != nil {
		return unreachable(ctx, asked, err)
	}
	defer response.Body.Close()
	silence.Stop()
	if err := refused(response, asked); err != nil {
		return err
	}
	body := &body{r: response.Body, left: c.maxBytes, silence: silence, timeout: c.timeout}
	return body.blame(ctx, asked, take(&answer{header: response.Header, url: response.Request.URL, body: body}))
}
