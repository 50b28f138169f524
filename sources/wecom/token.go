package wecom

import (
	"context"
	"net/url"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/nocobase-roster/roster/plugin"
)

// early is how long before its end a token is not used any more.
const early = 5 * time.Minute

// A token is the access token of a secret. Whoever needs it while it is fetched
// waits for that one call: WeCom throttles them.
type token struct {
	corpID string
	secret plugin.Secret
	fetch  func(context.Context, call) (tokenAnswer, error)

	turn    *semaphore.Weighted // held by who reads or writes what follows
	value   string
	expires time.Time
	refusal *plugin.Error // that of a wrong secret
	until   time.Time     // when it is tried again
}

type tokenAnswer struct {
	status
	Token   string `json:"access_token"`
	Expires int64  `json:"expires_in"` // seconds
}

func newToken(corpID string, secret plugin.Secret, fetch func(context.Context, call) (tokenAnswer, error)) *token {
	return &token{corpID: corpID, secret: secret, fetch: fetch, turn: semaphore.NewWeighted(1)}
}

// lend gives use a token; when WeCom does not take it any more use is tried once
// again, with a new one.
func (t *token) lend(ctx context.Context, use func(token string) error) error {
	value, err := t.get(ctx, "")
	if err != nil {
		return err
	}
	if err = use(value); !isToken(codeOf(err)) {
		return err
	}
	if value, err = t.get(ctx, value); err != nil {
		return err
	}
	return use(value)
}

// get gives a token, and another than one that is not taken any more.
func (t *token) get(ctx context.Context, refused string) (string, error) {
	if err := t.turn.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer t.turn.Release(1)
	now := time.Now()
	switch {
	case now.Before(t.until):
		again := *t.refusal
		again.RetryAfter = t.until.Sub(now)
		return "", &again
	case t.value != "" && t.value != refused && now.Before(t.expires):
		return t.value, nil
	}
	return t.renew(ctx)
}

// renew fetches a token. A secret that was refused is left alone for a while:
// WeCom blocks addresses that try wrong ones.
func (t *token) renew(ctx context.Context) (string, error) {
	t.value = ""
	answer, err := t.fetch(ctx, call{name: "gettoken", query: url.Values{"corpid": {t.corpID}, "corpsecret": {t.secret.Reveal()}}})
	if e, wrong := asRefusal(err); wrong && !e.Retryable() {
		t.refusal, t.until = e, time.Now().Add(coolDown)
	}
	if err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", &plugin.Error{Kind: plugin.Transient, Msg: "ask gettoken: WeCom gave no token", Hint: "try again later"}
	}
	life := time.Duration(answer.Expires) * time.Second
	// The same token comes again while it is valid: in its last minutes it is used on.
	t.value, t.expires = answer.Token, time.Now().Add(life-min(early, life/10))
	return t.value, nil
}
