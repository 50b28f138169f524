package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/httpapi"
)

// A handler answers without a network, whose waiting a bubble's clock does not see.
type handler func(http.ResponseWriter, *http.Request)

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h(recorder, r)
	response := recorder.Result()
	response.Request, response.Body = r, tied{response.Body, r.Context()}
	return response, r.Context().Err()
}

// A tied body ends with its request.
type tied struct {
	io.ReadCloser
	ctx context.Context
}

func (b tied) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p[:min(len(p), 1000)]) // as a network gives it, bit by bit
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	at := time.Date(2000, 1, 1, 0, 0, 40, 0, time.UTC) // a bubble begins at midnight
	for name, c := range map[string]struct {
		fault    handler
		times    int // that it fails
		kind     plugin.Kind
		min, max time.Duration
		says     time.Duration
	}{
		"once":                  {faulty(503, ""), 1, "", 500 * time.Millisecond, 650 * time.Millisecond, 0},
		"longer with each try":  {faulty(500, ""), 4, "", 7500 * time.Millisecond, 10 * time.Second, 0},
		"then it gives up":      {faulty(500, ""), 5, plugin.Transient, 7500 * time.Millisecond, 10 * time.Second, time.Minute},
		"as long as asked for":  {faulty(429, "20"), 2, "", 40 * time.Second, 41 * time.Second, 0},
		"until a date":          {faulty(429, at.Format(http.TimeFormat)), 1, "", 40 * time.Second, 41 * time.Second, 0},
		"not for an hour":       {faulty(429, "3600"), 1, plugin.RateLimited, 0, time.Second, time.Hour},
		"not where it is wrong": {faulty(404, ""), 1, plugin.Config, 0, time.Second, 0},
		"where it is silent":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 1, "", 30 * time.Second, 31 * time.Second, 0},
		"where it is cut off":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"id":2}`) }, 1, "", 500 * time.Millisecond, 650 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				source := local(t, func(w http.ResponseWriter, r *http.Request) {
					if asked++; asked <= c.times {
						c.fault(w, r)
						return
					}
					fmt.Fprint(w, `[{"id":1},{"id":2}]`)
				})
				began := time.Now()
				reading, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
				took := time.Since(began)
				var e *plugin.Error
				if errors.As(err, &e); c.kind == "" && (err != nil || !reading.Complete || reading.Counts[plugin.User] != 2) || c.kind != "" && (e == nil || e.Kind != c.kind || e.RetryAfter != c.says) {
					t.Errorf("Read() = %+v, %v; want kind %q, trying again after %v", reading, err, c.kind, c.says)
				}
				if took < c.min || took > c.max {
					t.Errorf("it took %v, want %v to %v", took, c.min, c.max)
				}
			})
		})
	}
}

func faulty(code int, retryAfter string) handler {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
	}
}

// local opens a source of users that asks h.
func local(t *testing.T, h handler) plugin.Source {
	t.Helper()
	source, err := open(object{"users": object{"url": "https://hr.test/users", "fields": object{"uid": "id"}}}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	httpapi.SetTransport(source, h)
	return source
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := local(t, faulty(429, "100"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := source.Read(ctx, plugin.Request{}, func(plugin.Page) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
			t.Errorf("Read() = %v after %v, want %v after a second", err, time.Since(began), context.DeadlineExceeded)
		}
	})
}

func TestCallsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		source, err := open(object{"users": object{"url": "https://hr.test/users", "fields": object{"uid": "id"}, "paging": object{"type": "page"}}, "requestsPerSecond": 2}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		httpapi.SetTransport(source, handler(func(w http.ResponseWriter, _ *http.Request) {
			if n++; n < 21 {
				fmt.Fprintf(w, `[{"id":%d}]`, n)
				return
			}
			fmt.Fprint(w, `[]`)
		}))
		began := time.Now()
		_, err = source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
		if took := time.Since(began); err != nil || took != 10*time.Second {
			t.Errorf("Read() = %v, 21 calls took %v at 2 in a second, want 10s", err, took)
		}
	})
}

// A stuck transport answers the first request with a beginning, and no more.
type stuck struct {
	begun bool
	rest  handler
}

func (s *stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.begun {
		return s.rest.RoundTrip(r)
	}
	s.begun = true
	body := io.MultiReader(strings.NewReader(`[{"id":1}`), silent{r.Context()})
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
}

// Silent is read until its request is given up.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestAnAnswerThatStopsInTheMiddleIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := local(t, nil)
		httpapi.SetTransport(source, &stuck{rest: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"id":1},{"id":2}]`) }})
		began := time.Now()
		reading, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
		if took := time.Since(began); err != nil || !reading.Complete || reading.Counts[plugin.User] != 2 || took < 30*time.Second || took > 31*time.Second {
			t.Errorf("Read() = %+v, %v after %v; want 2 after 30s", reading, err, took)
		}
	})
}

func TestALongTimeToKeepAPageIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := local(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, list(1500)) })
		reading, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { time.Sleep(time.Hour); return nil })
		if err != nil || !reading.Complete {
			t.Errorf("Read() = %+v, %v", reading, err)
		}
	})
}

func TestALongAnswerThatWasCutOffIsReadAgainFromItsBeginning(t *testing.T) {
	source := local(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, list(2500)) })
	var first plugin.Page
	source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { first = p; return io.ErrClosedPipe })
	came := 0
	reading, err := source.Read(t.Context(), plugin.Request{State: first.State}, func(p plugin.Page) error { came += len(p.Records); return nil })
	if err != nil || came != 2500 || reading.Counts[plugin.User] != 2500 || !reading.Complete {
		t.Errorf("Read() = %d records, %+v, %v; want 2500", came, reading, err)
	}
}

// list is an answer of n.
func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"id":%d}`, i)
	}
	return "[" + b.String()[1:] + "]"
}
