package wecomtest

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	tokenLife   = 2 * time.Hour
	mistakes    = 10        // wrong secrets that are put up with
	mistakeTime = time.Hour // that an address is blocked for then
)

// tokens has what was given out: one token for a secret while it is valid.
type tokens struct {
	mu    sync.Mutex
	given map[string]*token // by the token
	valid map[string]*token // by the secret
	wrong map[netip.Addr]*mistaken
}

type token struct {
	value, secret string
	until         time.Time
}

// mistaken is an address that came with wrong secrets.
type mistaken struct {
	times int
	until time.Time
}

type tokenGiven struct {
	Token   string `json:"access_token"`
	Seconds int    `json:"expires_in"`
}

// giveToken answers gettoken. It has no regard to trusted addresses.
func (s *Server) giveToken(r *http.Request) (any, error) {
	corpID, secret, from := r.URL.Query().Get("corpid"), r.URL.Query().Get("corpsecret"), address(r)
	switch {
	case corpID == "":
		return nil, NoCorpID
	case secret == "":
		return nil, NoSecret
	case s.tokens.blocked(from):
		return nil, CallLimit
	case corpID != s.company.id:
		return nil, BadCorpID
	case !s.company.knows(secret):
		s.tokens.blame(from)
		return nil, BadSecret
	}
	return s.tokens.give(secret), nil
}

func (c *Company) knows(secret string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.bearer(secret)
	return ok
}

func (t *tokens) give(secret string) tokenGiven {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.given == nil {
		t.given, t.valid = map[string]*token{}, map[string]*token{}
	}
	now := time.Now()
	current := t.valid[secret]
	if current == nil || !now.Before(current.until) {
		current = &token{value: strings.Repeat(rand.Text(), 8), secret: secret, until: now.Add(tokenLife)}
		t.valid[secret], t.given[current.value] = current, current
	}
	return tokenGiven{current.value, int(current.until.Sub(now).Round(time.Second).Seconds())}
}

// secret is what the token was given for.
func (t *tokens) secret(value string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch given := t.given[value]; {
	case value == "":
		return "", NoToken
	case given == nil:
		return "", BadToken
	case !time.Now().Before(given.until):
		return "", TokenExpired
	default:
		return given.secret, nil
	}
}

func (t *tokens) blocked(from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.wrong[from]
	return m != nil && m.times >= mistakes && time.Now().Before(m.until)
}

func (t *tokens) blame(from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wrong == nil {
		t.wrong = map[netip.Addr]*mistaken{}
	}
	now := time.Now()
	m := t.wrong[from]
	if m == nil || !now.Before(m.until) {
		m = &mistaken{}
		t.wrong[from] = m
	}
	m.times, m.until = m.times+1, now.Add(mistakeTime)
}

// ExpireTokens makes all tokens expire now: calls with them answer 42001, and
// gettoken gives new ones.
func (s *Server) ExpireTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	for _, t := range s.tokens.valid {
		t.until = time.Time{}
	}
}

// RevokeTokens makes WeCom know no token any more: calls with them answer
// 40014, and gettoken gives new ones.
func (s *Server) RevokeTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.given, s.tokens.valid = nil, nil
}
