package wecomtest_test

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

const (
	callbackToken = "QDG6eK"
	callbackKey   = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
)

// A receiver is a callback address that notes what it is told.
type receiver struct {
	*httptest.Server
	t      *testing.T
	answer http.HandlerFunc // of a POST; nil: 200

	mu    sync.Mutex
	posts []string // decrypted
}

func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Query().Get("source") != "3" {
		r.t.Errorf("%s has lost the query of the address", request.URL)
	}
	if request.Method == http.MethodGet {
		fmt.Fprint(w, r.open(request, request.URL.Query().Get("echostr")))
		return
	}
	var envelope struct {
		ToUserName, AgentID, Encrypt string
	}
	body, err := io.ReadAll(request.Body)
	if err != nil || xml.Unmarshal(body, &envelope) != nil || envelope.ToUserName != corpID || envelope.AgentID != "" {
		r.t.Errorf("the body is %q, %v", body, err)
	}
	message := r.open(request, envelope.Encrypt)
	r.mu.Lock()
	r.posts = append(r.posts, message)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, request)
	}
}

// open checks the signature and decrypts.
func (r *receiver) open(request *http.Request, encrypted string) string {
	query := request.URL.Query()
	parts := []string{callbackToken, query.Get("timestamp"), query.Get("nonce"), encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	if got := query.Get("msg_signature"); got != hex.EncodeToString(sum[:]) {
		r.t.Errorf("the signature is %s, want %x", got, sum)
	}
	text := unseal(r.t, callbackKey, encrypted)
	length := binary.BigEndian.Uint32([]byte(text[16:20]))
	padded := text[20+length:]
	if pad := int(text[len(text)-1]); padded[:len(padded)-pad] != corpID {
		r.t.Errorf("the message is for %q", padded)
	}
	return text[20 : 20+length]
}

// listen has the company tell the receiver.
func (r *receiver) listen(c *wecomtest.Company, more wecomtest.Callback) {
	r.t.Helper()
	more.URL, more.Token, more.AESKey = r.URL+"/callback?source=3", callbackToken, callbackKey
	must(r.t, c.SetCallback(more))
}

// told has what came since it was asked last: without the header of messages
// about contacts.
func (r *receiver) told(s *wecomtest.Server) []string {
	s.Delivered()
	r.mu.Lock()
	defer r.mu.Unlock()
	header := regexp.MustCompile(`^<xml><ToUserName><!\[CDATA\[` + corpID + `]]></ToUserName><FromUserName><!\[CDATA\[sys]]></FromUserName>` +
		`<CreateTime>\d{10}</CreateTime><MsgType><!\[CDATA\[event]]></MsgType><Event><!\[CDATA\[change_contact]]></Event>` +
		`<ChangeType><!\[CDATA\[(\w+)]]></ChangeType>(.*)</xml>$`)
	told := []string{}
	for _, post := range r.posts {
		told = append(told, header.ReplaceAllString(post, "$1 $2"))
	}
	r.posts = nil
	return told
}
