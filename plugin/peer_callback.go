package plugin

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// NewWebhook puts a callback on the wire. Of a header that came more than once
// the first value counts.
func NewWebhook(c Callback) WebhookParams {
	p := WebhookParams{Method: c.Method, Query: c.Query, Headers: flatten(c.Header)}
	p.Body, p.BodyEncoding = encodeBody(c.Body)
	return p
}

// Callback takes a callback from the wire.
func (p WebhookParams) Callback() (Callback, error) {
	body, err := decodeBody(p.Body, p.BodyEncoding)
	return Callback{p.Method, p.Query, unflatten(p.Headers), body}, err
}

// NewWebhookResult puts an answer on the wire.
func NewWebhookResult(a Answer, events []Event) WebhookResult {
	r := WebhookResult{Status: a.Status, Headers: flatten(a.Header), Events: events}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	if r.Events == nil {
		r.Events = []Event{}
	}
	r.Body, r.BodyEncoding = encodeBody(a.Body)
	return r
}

// Answer takes an answer from the wire.
func (r WebhookResult) Answer() (Answer, error) {
	body, err := decodeBody(r.Body, r.BodyEncoding)
	return Answer{r.Status, unflatten(r.Headers), body}, err
}

func encodeBody(body []byte) (text, encoding string) {
	if utf8.Valid(body) {
		return string(body), ""
	}
	return base64.StdEncoding.EncodeToString(body), "base64"
}

func decodeBody(text, encoding string) ([]byte, error) {
	switch encoding {
	case "":
		return []byte(text), nil
	case "base64":
		if body, err := base64.StdEncoding.DecodeString(text); err == nil {
			return body, nil
		}
		return nil, &Error{Kind: Data, Path: "/body", Msg: "/body is not base64, as /bodyEncoding says it is"}
	}
	return nil, &Error{Kind: Data, Path: "/bodyEncoding", Msg: "/bodyEncoding must be base64 or absent"}
}

// flatten gives the first value of each header, by its name in lower case.
func flatten(h http.Header) map[string]string {
	flat := make(map[string]string, len(h))
	for name := range h {
		flat[strings.ToLower(name)] = h.Get(name)
	}
	return flat
}

func unflatten(flat map[string]string) http.Header {
	h := make(http.Header, len(flat))
	for name, value := range flat {
		h.Set(name, value)
	}
	return h
}
