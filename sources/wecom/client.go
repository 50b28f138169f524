package wecom

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	tries      = 4 // of a call where what is wrong may pass
	firstPause = 500 * time.Millisecond
	// laterOn is when a run that has given up is best tried again, and muchLater
	// where not a minute's limit of calls was reached but an hour's.
	laterOn   = time.Minute
	muchLater = time.Hour
	// WeCom takes 10,000 calls in a minute of each kind.
	burst, perSecond = 4000, 100
)

// A client makes calls with one secret.
type client struct {
	*line
	token *token
	log   *zap.Logger
	tries int
	pause time.Duration // after the first of them; doubled with each
}

func newClient(o options, secret plugin.Secret, log *zap.Logger) (*client, error) {
	l, err := newLine(o)
	if err != nil {
		return nil, err
	}
	c := &client{line: l, log: log, tries: tries, pause: firstPause}
	c.token = newToken(o.CorpID, secret, func(ctx context.Context, asked call) (tokenAnswer, error) { return once[tokenAnswer](ctx, l, asked) })
	return c, nil
}

func newLimiter(perSecondWanted float64) *rate.Limiter {
	if perSecondWanted > 0 {
		return rate.NewLimiter(rate.Limit(perSecondWanted), max(int(perSecondWanted), 1))
	}
	return rate.NewLimiter(perSecond, burst)
}

// impatient gives a client that tries once, and shares all else.
func (c *client) impatient() *client {
	other := *c
	other.tries = 1
	return &other
}

// A call is one of WeCom's, without the token.
type call struct {
	name  string // "user/list"
	query url.Values
	body  any // nil: it is a GET
}

// A status is how every answer begins.
type status struct {
	Code    number `json:"errcode"` // 0: it is well
	Message string `json:"errmsg"`  // may change at any time, and is not shown
}

func (s status) said() status { return s }

// An answer begins with a status.
type answer interface{ said() status }

// get makes a call with a query of names and values, as often as what goes wrong
// may pass.
func get[A answer](ctx context.Context, c *client, name string, query ...string) (A, error) {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return ask[A](ctx, c, call{name: name, query: q})
}

// post makes a call with a body.
func post[A answer](ctx context.Context, c *client, name string, body any) (A, error) {
	return ask[A](ctx, c, call{name: name, body: body})
}

func ask[A answer](ctx context.Context, c *client, asked call) (a A, err error) {
	err = c.insist(ctx, asked.name, func() error {
		return c.token.lend(ctx, func(token string) error {
			a, err = once[A](ctx, c.line, asked.with(token))
			return err
		})
	})
	return a, err
}

func (a call) with(token string) call {
	q := url.Values{"access_token": {token}}
	for name, values := range a.query {
		q[name] = values
	}
	a.query = q
	return a
}

// once makes a call once. The status decides before anything else of the answer
// is looked at: one that says no may have an empty list.
func once[A answer](ctx context.Context, l *line, asked call) (a A, err error) {
	body, err := l.send(ctx, asked)
	if err != nil {
		return a, err
	}
	err = json.Unmarshal(body, &a)
	if s := a.said(); s.Code != 0 {
		return a, refused(asked.name, int(s.Code), s.Message)
	}
	if err != nil {
		return a, unreadable(asked.name, body, err)
	}
	return a, nil
}

// insist tries again where what is wrong may pass.
func (c *client) insist(ctx context.Context, name string, try func() error) error {
	for n := 1; ; n++ {
		began := time.Now()
		err := try()
		var e *plugin.Error
		switch {
		case err == nil:
			c.gate.widen()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &e) || !e.Retryable():
			return err
		case n >= c.tries || n > 1 && codeOf(err) == 45009:
			return c.giveUp(e)
		}
		c.log.Debug("asking WeCom again", zap.String("call", name), zap.Int("try", n), zap.String("kind", string(e.Kind)), zap.Int("code", codeOf(err)))
		if err := c.backOff(ctx, e, began, n); err != nil {
			return err
		}
	}
}

// giveUp says when the run is best tried again.
func (c *client) giveUp(e *plugin.Error) error {
	later := *e
	later.RetryAfter = cmp.Or(later.RetryAfter, laterOn)
	if codeOf(e) == 45009 && c.tries > 1 {
		later.RetryAfter = muchLater
	}
	return &later
}

// backOff waits for the next try; where calls are too many, all of them do.
func (c *client) backOff(ctx context.Context, e *plugin.Error, began time.Time, n int) error {
	switch {
	case e.Kind == plugin.RateLimited && e.RetryAfter > 0:
		c.gate.shut(e.RetryAfter)
		return ctx.Err()
	case e.Kind == plugin.RateLimited:
		c.gate.narrow(began)
	}
	wait := c.pause << min(n-1, 10)
	return pause(ctx, wait+rand.N(wait/4)) // so that not all of them come back at once
}

// asRefusal gives the error of an answer that has a code, where err is one.
func asRefusal(err error) (*plugin.Error, bool) {
	var e *plugin.Error
	return e, errors.As(err, &e) && codeOf(err) != 0
}
