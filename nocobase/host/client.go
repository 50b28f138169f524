package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// A Client is somebody who is signed in.
type Client struct {
	at    string // ends with a slash
	token string
	http  *http.Client
}

// A StatusError is an answer that is no success.
type StatusError struct {
	Action string
	Status int
	Body   string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: HTTP %d: %s", e.Action, e.Status, e.Body)
}

// SignIn signs somebody in, with a connection of their own.
func SignIn(ctx context.Context, at, account, password string) (*Client, error) {
	c := &Client{at: at, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	var session struct{ Token string }
	err := c.Do(ctx, "auth:signIn", nil, map[string]string{"account": account, "password": password}, &session)
	c.token = session.Token
	return c, err
}

// SignIn is SignIn for somebody else at the same server.
func (c *Client) SignIn(ctx context.Context, account, password string) (*Client, error) {
	return SignIn(ctx, c.at, account, password)
}

// Do performs an action of NocoBase's, with GET when there is nothing to send,
// and reads the data of its answer into into.
func (c *Client) Do(ctx context.Context, action string, query url.Values, body, into any) error {
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		method, content = http.MethodPost, bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.at+action+"?"+query.Encode(), content)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Authenticator", "basic")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if resp.StatusCode != http.StatusOK {
		return &StatusError{Action: action, Status: resp.StatusCode, Body: string(text)}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, &struct{ Data any }{into}); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// A Push is a body of userData:push.
type Push struct {
	DataType   string            `json:"dataType,omitempty"`
	SourceName string            `json:"sourceName"`
	MatchKey   string            `json:"matchKey,omitempty"`
	Records    []json.RawMessage `json:"records"`
}

// A SyncResult says how one resource fared.
type SyncResult struct {
	Resource string `json:"resource"`
	Detail   struct {
		Count         struct{ All, Success, Failed int } `json:"count"`
		FailedRecords []struct {
			Record struct {
				UID any `json:"uid"`
			} `json:"record"`
			Message string `json:"message"`
		} `json:"failedRecords"`
	} `json:"detail"`
}

// Push has NocoBase's own engine synchronize. What it refuses as a whole is in
// the text of a RefusedError.
func (c *Client) Push(ctx context.Context, p Push) ([]SyncResult, error) {
	var answer struct{ Result []SyncResult }
	err := c.Do(ctx, "userData:push", nil, p, &answer)
	failure, ok := errors.AsType[*StatusError](err)
	if !ok {
		return answer.Result, err
	}
	var why struct{ Data struct{ Message string } }
	if json.Unmarshal([]byte(failure.Body), &why) != nil || why.Data.Message == "" {
		return nil, err
	}
	return nil, &RefusedError{why.Data.Message}
}

// A RefusedError is the answer to a push that is refused as a whole.
type RefusedError struct{ Message string }

func (e *RefusedError) Error() string { return e.Message }
