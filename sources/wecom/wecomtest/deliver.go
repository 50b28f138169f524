package wecomtest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// retries are after a message got no answer. One that was refused does not come
// again.
const retries = 3

// A Delivery is what became of the messages to callback addresses.
type Delivery struct {
	Sent     int           `json:"sent"`     // messages, copies counted
	Posts    int           `json:"posts"`    // requests made for them
	Accepted int           `json:"accepted"` // answered with success
	Refused  int           `json:"refused"`  // answered with anything else
	Lost     int           `json:"lost"`     // not answered, however often they were sent
	Slowest  time.Duration `json:"-"`        // that an answer took, of a message that got one
}

func (d *Delivery) add(other Delivery) {
	d.Posts += other.Posts
	d.Accepted += other.Accepted
	d.Refused += other.Refused
	d.Lost += other.Lost
	d.Slowest = max(d.Slowest, other.Slowest)
}

// deliver sends a message until it is answered, as often as WeCom does.
func (l *line) deliver(ctx context.Context, message string) Delivery {
	encrypted, query, err := l.wrap(message)
	if err != nil {
		panic(err) // the key was good when the callback was set
	}
	body := "<xml><ToUserName><![CDATA[" + l.seal.receiver + "]]></ToUserName><AgentID><![CDATA[]]></AgentID><Encrypt><![CDATA[" +
		encrypted + "]]></Encrypt></xml>"
	var d Delivery
	for range 1 + retries {
		d.Posts++
		began := time.Now()
		status, err := l.deliverOnce(ctx, query, body)
		switch {
		case err == nil && status/100 == 2:
			d.Accepted, d.Slowest = 1, time.Since(began)
			return d
		case err == nil:
			d.Refused, d.Slowest = 1, time.Since(began)
			return d
		}
		if !rest(ctx, l.Pause) {
			break
		}
	}
	d.Lost = 1
	return d
}

func (l *line) deliverOnce(ctx context.Context, query url.Values, body string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.Patience)
	defer cancel()
	answer, err := l.request(ctx, http.MethodPost, query, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, err
}

// rest waits, and says false where it is given up meanwhile.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
