package wecom

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// SetTransport has a source speak with whom a test says.
func SetTransport(s plugin.Source, t http.RoundTripper) {
	for _, c := range s.(*source).clients() {
		c.http.Transport = t
	}
}

// Hurry has a source wait no longer than that before it tries again.
func Hurry(s plugin.Source, pause time.Duration) {
	for _, c := range s.(*source).clients() {
		c.pause = pause
	}
}

// SetPage says how many records go into a page.
func SetPage(s plugin.Source, records int) { s.(*source).pageRecords = records }

// UserFields and DepartmentFields are what can be mapped.
func UserFields() []string       { return userFields() }
func DepartmentFields() []string { return departmentFields() }

// Token gives one, for a test that makes calls by itself.
func Token(ctx context.Context, s plugin.Source) string {
	token, err := s.(*source).client.token.get(ctx, "")
	if err != nil {
		panic(err)
	}
	return token
}

// Posted is a callback that WeCom sends: a message to a company, sealed with a
// Token and an EncodingAESKey.
func Posted(token, aesKey plugin.Secret, message, company string) plugin.Callback {
	s, err := newSeal(token, aesKey)
	if err != nil {
		panic(err)
	}
	encrypted, at := s.sealed(message, company), strconv.FormatInt(time.Now().Unix(), 10)
	q := url.Values{"timestamp": {at}, "nonce": {"1372623149"}, "msg_signature": {s.signature(at, "1372623149", encrypted)}}
	return plugin.Callback{Method: http.MethodPost, Query: q.Encode(), Body: []byte(`<xml><Encrypt><![CDATA[` + encrypted + `]]></Encrypt></xml>`)}
}

// Digest is the Key of the events of a message.
func Digest(message string) string { return digest([]byte(message)) }
