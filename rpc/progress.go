package rpc

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// progressEvery is the least time between two reports of a request.
const progressEvery = 100 * time.Millisecond

// A token is what the host tells the progress of its requests apart by: a
// string or a number, given back as it came.
type token json.RawMessage

func (token) wanted() string { return "a string or a number" }

// UnmarshalJSON keeps data itself, which stays as it is.
func (t *token) UnmarshalJSON(data []byte) error {
	switch rawjson.Kind(data) {
	case '{', '[', 't', 'f', 'n':
		return errors.New("no token")
	}
	*t = data
	return nil
}

// MarshalJSON gives the token as it came.
func (t token) MarshalJSON() ([]byte, error) { return t, nil }

type progressParams struct {
	Token token           `json:"token" jsonschema:"the request's progressToken"`
	Value engine.Progress `json:"value"`
}

// A progress tells the host how far a request has come: not oftener than
// progressEvery, the last of it always, and nothing once it is answered. It
// belongs to one goroutine at a time.
type progress struct {
	flight *flight
	token  token
	sent   time.Time        // when the last one went out
	unsent *engine.Progress // came too soon after it
}

func newProgress(f *flight, t token) *progress { return &progress{flight: f, token: t} }

func (p *progress) report(v engine.Progress) {
	p.unsent = &v
	if now := time.Now(); now.Sub(p.sent) >= progressEvery {
		p.last()
		p.sent = now
	}
}

// last sends what has not been sent.
func (p *progress) last() {
	if p.unsent == nil || p.token == nil {
		return
	}
	p.flight.tell(progressParams{p.token, *p.unsent}) //nolint:errcheck // the answer will fail as well
	p.unsent = nil
}
