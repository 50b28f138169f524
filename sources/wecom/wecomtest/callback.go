package wecomtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Callback is the address that is told of changes of the contacts.
type Callback struct {
	URL    string `json:"url"` // empty: nobody is told
	Token  string `json:"token"`
	AESKey string `json:"aesKey"`
	Legacy bool   `json:"legacy"` // set up before 2022-08-15: told of every change and all of it
	Copies int    `json:"copies"` // of each message, besides the first: WeCom is known to repeat itself
	// Parallel is how many are sent at once, 8 if it is 0. With 1 they come in
	// order, which WeCom does not promise.
	Parallel int `json:"parallel"`
	// Patience is how long an answer may take, 5 s if it is 0.
	Patience time.Duration `json:"-"`
	// Pause is before a message that got no answer is sent again.
	Pause time.Duration `json:"-"`
}

// verificationTime is how long an address may take to prove that it is the
// administrator's.
const verificationTime = time.Second

// SetCallback sets the address that is told of changes from now on. It is asked
// first to decrypt something, as by WeCom's console when the settings are
// saved; where it cannot, nothing is set. What is on its way to an address that
// was set before is given up.
func (c *Company) SetCallback(settings Callback) error {
	if settings.URL == "" {
		c.post.open(nil)
		return nil
	}
	seal, err := newSeal(settings.Token, settings.AESKey, c.id)
	if err != nil {
		return err
	}
	settings.Parallel, settings.Patience = cmp.Or(settings.Parallel, 8), cmp.Or(settings.Patience, 5*time.Second)
	line := &line{Callback: settings, seal: seal, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: settings.Parallel},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	defer line.http.CloseIdleConnections()
	if err := line.verify(); err != nil {
		return err
	}
	c.post.open(line)
	return nil
}

// A line leads to a callback address.
type line struct {
	Callback
	seal *seal
	http *http.Client
}

// verify has the address decrypt a text, with a GET.
func (l *line) verify() error {
	ctx, cancel := context.WithTimeout(context.Background(), verificationTime)
	defer cancel()
	text := strconv.FormatInt(time.Now().UnixNano(), 10)
	encrypted, query, err := l.wrap(text)
	if err != nil {
		return err
	}
	query.Set("echostr", encrypted)
	answer, err := l.request(ctx, http.MethodGet, query, nil)
	if err != nil {
		return fmt.Errorf("verify the callback address: %w", err)
	}
	defer answer.Body.Close()
	echo, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	switch {
	case err != nil:
		return fmt.Errorf("verify the callback address: %w", err)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("verify the callback address: it answers %s", answer.Status)
	case string(echo) != text:
		return errors.New("verify the callback address: its answer is not the text that echostr holds, and nothing else")
	}
	return nil
}

// wrap encrypts a message and signs it.
func (l *line) wrap(message string) (encrypted string, query url.Values, err error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	encrypted, err = l.seal.encrypt(hex.EncodeToString(random[:]), message)
	timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), strings.ToLower(rand.Text()[:10])
	return encrypted, url.Values{
		"msg_signature": {l.seal.sign(timestamp, nonce, encrypted)}, "timestamp": {timestamp}, "nonce": {nonce},
	}, err
}

// request asks the address, with the query behind what its own one says.
func (l *line) request(ctx context.Context, method string, query url.Values, body io.Reader) (*http.Response, error) {
	address := l.URL + "?" + query.Encode()
	if strings.Contains(l.URL, "?") {
		address = l.URL + "&" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "Mozilla/4.0")
	r.Header.Set("Content-Type", "text/xml")
	return l.http.Do(r)
}
