package wecom

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	maxCallback = 1 << 20
	// window is how far the time of a callback may be from ours. It keeps away
	// what was recorded long ago; clocks may differ, and WeCom's retries have the
	// time of the first.
	window = 24 * time.Hour
)

var (
	errMethod    = errors.New("WeCom sends GET and POST")
	errLong      = errors.New("the callback is too long")
	errSigned    = errors.New("the signature is not made with the Token of the source")
	errTime      = errors.New("the timestamp is off by more than a day: check the clock of this machine")
	errWrongKey  = errors.New("it is signed with the Token of the source, but not encrypted with its EncodingAESKey: copy that again")
	errSomebody  = errors.New("it is meant for another company: check the Corp ID of the source")
	errNotSetUp  = errors.New("callbacks are not set up: make a Token and an EncodingAESKey in WeCom's console and save them as callbackToken and callbackAESKey of the source")
	errIncapable = errors.New("it is for a suite of a third party")
)

// A receiver takes callbacks of one company.
type receiver struct {
	corpID string
	seal   *seal // nil: callbacks are not set up
	log    *zap.Logger
	now    func() time.Time
	say    *rate.Sometimes // not to fill the log with what strangers send
}

// newReceiver makes a receiver of the callbacks of a company. Without a token and
// a key it refuses them all, and says why.
func newReceiver(corpID string, token, aesKey plugin.Secret, log *zap.Logger) (*receiver, error) {
	r := &receiver{corpID: corpID, log: log, now: time.Now, say: &rate.Sometimes{First: 10, Interval: time.Minute}}
	if token == "" || aesKey == "" {
		return r, nil
	}
	seal, err := newSeal(token, aesKey)
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Path: "/callbackAESKey", Msg: "option /callbackAESKey", Err: err, Hint: "copy it from WeCom's console again"}
	}
	r.seal = seal
	return r, nil
}

// Receive answers WeCom's verification of the address, and makes events of what
// it tells. It asks nobody: what has changed is read later.
func (r *receiver) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	q, _ := url.ParseQuery(c.Query) // what is wrong in it is not signed
	if r.seal != nil && c.Method == http.MethodGet {
		text, err := r.unseal(q, q.Get("echostr"))
		if err != nil {
			return r.refuse(err), nil, nil
		}
		return plugin.Answer{Header: http.Header{"Content-Type": {"text/plain"}}, Body: text}, nil, nil
	}
	events, err := r.read(q, c)
	switch {
	case errors.Is(err, errIncapable):
		r.say.Do(func() { r.log.Info("a callback was left out", zap.Error(err)) })
	case err != nil:
		return r.refuse(err), nil, nil
	}
	return plugin.Answer{}, events, nil
}

// read makes events of a message.
func (r *receiver) read(q url.Values, c plugin.Callback) ([]plugin.Event, error) {
	switch {
	case r.seal == nil:
		return nil, errNotSetUp
	case c.Method != http.MethodPost:
		return nil, errMethod
	case len(c.Body) > maxCallback:
		return nil, errLong
	}
	envelope, err := readMessage(c.Body)
	if err != nil {
		return nil, err
	}
	text, err := r.unseal(q, envelope.of("encrypt"))
	if err != nil {
		return nil, err
	}
	m, err := readMessage(text)
	if err != nil {
		return nil, err
	}
	events := eventsOf(m)
	for i := range events {
		events[i].Key = digest(text)
	}
	return events, nil
}

// unseal gives what was sent, if WeCom has sent it, lately, to this company.
func (r *receiver) unseal(q url.Values, encrypted string) ([]byte, error) {
	timestamp := q.Get("timestamp")
	if !r.seal.signed(q.Get("msg_signature"), timestamp, q.Get("nonce"), encrypted) {
		return nil, errSigned
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || r.now().Sub(time.Unix(seconds, 0)).Abs() > window {
		return nil, errTime
	}
	text, receiver, err := r.seal.open(encrypted)
	switch {
	case err != nil:
		return nil, errWrongKey
	case receiver == r.corpID:
		return text, nil
	}
	if m, err := readMessage(text); err == nil && m.of("suiteid") == receiver {
		return nil, errIncapable
	}
	return nil, errSomebody
}

// refuse answers a callback that is not what it claims to be. Nothing that was
// sent is repeated.
func (r *receiver) refuse(err error) plugin.Answer {
	r.say.Do(func() { r.log.Warn("a callback was refused", zap.Error(err)) })
	status := http.StatusForbidden
	switch {
	case errors.Is(err, errMethod):
		status = http.StatusMethodNotAllowed
	case errors.Is(err, errLong):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errXML):
		status = http.StatusBadRequest
	}
	return plugin.Answer{Status: status, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte(err.Error() + "\n")}
}

// digest names a message: WeCom gives it no id, and sends it again where it heard
// no answer.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
