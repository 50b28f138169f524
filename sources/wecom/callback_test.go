package wecom

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/plugin"
)

const callbackToken = "QDG6eK"

// A console is WeCom's side of callbacks.
type console struct {
	*testing.T
	receiver *receiver
	seal     *seal
	now      time.Time
	logs     *observer.ObservedLogs
}

func newConsole(t *testing.T) *console {
	core, logs := observer.New(zap.DebugLevel)
	r, err := newReceiver(corp, callbackToken, otherKey, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t, r, mustSeal(t, callbackToken, otherKey), time.Unix(1409659813, 0), logs}
	r.now = func() time.Time { return c.now }
	return c
}

// send delivers a callback as WeCom does: the message to a company, in XML.
func (c *console) send(message, receiver string) (plugin.Answer, []plugin.Event) {
	c.Helper()
	encrypted := c.seal.sealed(message, receiver)
	return c.bring(http.MethodPost, c.query(encrypted), `<xml><ToUserName><![CDATA[`+receiver+`]]></ToUserName><AgentID></AgentID><Encrypt><![CDATA[`+encrypted+`]]></Encrypt></xml>`)
}

// query signs what is sent now.
func (c *console) query(encrypted string) url.Values {
	at := strconv.FormatInt(c.now.Unix(), 10)
	return url.Values{"timestamp": {at}, "nonce": {"1372623149"}, "msg_signature": {c.seal.signature(at, "1372623149", encrypted)}}
}

func (c *console) bring(method string, q url.Values, body string) (plugin.Answer, []plugin.Event) {
	c.Helper()
	answer, events, err := c.receiver.Receive(c.Context(), plugin.Callback{Method: method, Query: "source=3&" + q.Encode(), Body: []byte(body)})
	if err != nil {
		c.Fatalf("Receive() = %v", err)
	}
	return answer, events
}

// refuses checks that a callback came to nothing, for the reason.
func (c *console) refuses(what string, status int, reason string) func(plugin.Answer, []plugin.Event) {
	return func(a plugin.Answer, events []plugin.Event) {
		c.Helper()
		if a.Status != status || !strings.Contains(string(a.Body), reason) || len(events) > 0 {
			c.Errorf("%s: answered %d %s with events %v, want %d: %s", what, a.Status, a.Body, events, status, reason)
		}
	}
}

func TestTheAddressIsVerified(t *testing.T) {
	c := newConsole(t)
	echo := c.seal.sealed("1616140317555161061", corp)
	q := c.query(echo)
	q.Set("echostr", echo)
	answer, events := c.bring(http.MethodGet, q, "")
	if answer.Status != 0 || string(answer.Body) != "1616140317555161061" || answer.Header.Get("Content-Type") != "text/plain" || len(events) > 0 {
		t.Errorf("answered %d %q %v, events %v", answer.Status, answer.Body, answer.Header, events)
	}
}

func TestTheAddressIsVerifiedAsWeComsSampleDoes(t *testing.T) {
	v := vectors()["V1"]
	r, err := newReceiver(v.receiver.Reveal(), v.token, v.key, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	r.now = func() time.Time { return time.Unix(1409659589, 0) }
	q := url.Values{"timestamp": {v.timestamp}, "nonce": {v.nonce}, "msg_signature": {v.signature}, "echostr": {v.encrypted}}
	answer, _, err := r.Receive(t.Context(), plugin.Callback{Method: http.MethodGet, Query: q.Encode()})
	if string(answer.Body) != v.text || err != nil {
		t.Errorf("Receive() = %d %q, %v; want %s", answer.Status, answer.Body, err, v.text)
	}
}

func TestACallbackBecomesAnEvent(t *testing.T) {
	c := newConsole(t)
	answer, events := c.send(contact(`<ChangeType>create_user</ChangeType><UserID>ZhangSan</UserID>`), corp)
	if answer.Status != 0 || len(answer.Body) > 0 {
		t.Errorf("answered %d %q", answer.Status, answer.Body)
	}
	if diff := cmp.Diff([]plugin.Event{{Type: plugin.User, UID: "zhangsan", Key: events[0].Key}}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// WeCom gives messages no id; its retries may be encrypted anew, with another nonce.
func TestAMessageHasTheKeyOfItsContents(t *testing.T) {
	c := newConsole(t)
	first, other := contact(`<ChangeType>delete_user</ChangeType><UserID>a</UserID>`), contact(`<ChangeType>delete_user</ChangeType><UserID>b</UserID>`)
	_, events := c.send(first, corp)
	c.now = c.now.Add(time.Second)
	_, again := c.send(first, corp)
	_, others := c.send(other, corp)
	if events[0].Key == "" || events[0] != again[0] || events[0].Key == others[0].Key {
		t.Errorf("events %v, again %v, another %v", events, again, others)
	}
}

func TestWhatIsNotFromWeComIsRefused(t *testing.T) {
	c := newConsole(t)
	message := contact(`<ChangeType>delete_user</ChangeType><UserID>zhangsan</UserID>`)
	c.refuses("another company", 403, "check the Corp ID")(c.send(message, "ww0000000000000000"))
	encrypted := c.seal.sealed(message, corp)
	body, q := `<xml><Encrypt>`+encrypted+`</Encrypt></xml>`, c.query(encrypted)
	c.refuses("PUT", 405, "GET and POST")(c.bring(http.MethodPut, q, body))
	c.refuses("a long one", 413, "too long")(c.bring(http.MethodPost, q, body+strings.Repeat(" ", maxCallback)))
	c.refuses("a DTD", 400, "XML")(c.bring(http.MethodPost, q, `<!DOCTYPE xml [<!ENTITY a "b">]>`+body))
	c.refuses("no signature", 403, "Token of the source")(c.bring(http.MethodPost, nil, body))
	c.refuses("another text", 403, "Token of the source")(c.bring(http.MethodPost, q, strings.Replace(body, encrypted, encrypted[4:], 1)))
	c.refuses("no text", 403, "Token of the source")(c.bring(http.MethodPost, q, `<xml><ToUserName>a</ToUserName></xml>`))
	c.refuses("an address without a text", 403, "Token of the source")(c.bring(http.MethodGet, q, ""))
	c.refuses("no XML inside", 400, "XML")(c.send("hello", corp))

	c.now = c.now.Add(-2 * window)
	c.refuses("tomorrow's", 403, "clock")(c.bring(http.MethodPost, q, body))
	c.now = c.now.Add(3*window + time.Second)
	c.refuses("yesterday's", 403, "clock")(c.bring(http.MethodPost, q, body))
	c.now = c.now.Add(-2 * time.Second)
	if answer, events := c.bring(http.MethodPost, q, body); answer.Status != 0 || len(events) != 1 {
		t.Errorf("what WeCom has tried to send for hours is answered %d with %v", answer.Status, events)
	}
}

func TestAWrongKeyIsToldFromAWrongToken(t *testing.T) {
	c := newConsole(t)
	c.seal = mustSeal(t, callbackToken, plugin.Secret(otherKey[1:]+"Z"))
	c.refuses("another key", 403, "EncodingAESKey: copy that again")(c.send(contact(""), corp))
	c.seal = mustSeal(t, "guess", otherKey)
	c.refuses("another token", 403, "not made with the Token")(c.send(contact(""), corp))
}

func TestWithoutTokenAndKeyACallbackHearsWhatToSetUp(t *testing.T) {
	for _, token := range []plugin.Secret{"", callbackToken} {
		c := newConsole(t)
		r, err := newReceiver(corp, token, "", zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		c.receiver = r
		c.refuses("an event", 403, "callbackAESKey")(c.send(contact(""), corp))
		c.refuses("the address", 403, "callbackAESKey")(c.bring(http.MethodGet, nil, ""))
	}
}

func TestAKeyThatIsNoneIsAFaultOfTheOptions(t *testing.T) {
	_, err := newReceiver(corp, callbackToken, plugin.Secret(otherKey[1:]), zap.NewNop())
	if plugin.KindOf(err) != plugin.Config || strings.Contains(err.Error(), otherKey[1:]) {
		t.Errorf("newReceiver() = %v", err)
	}
}

func TestEventsOfAThirdPartysSuiteAreLeftOut(t *testing.T) {
	c := newConsole(t)
	answer, events := c.send(`<xml><SuiteId><![CDATA[wwsuite]]></SuiteId><AuthCorpId>wx</AuthCorpId><InfoType>change_contact</InfoType><ChangeType>delete_user</ChangeType><UserID>zhangsan</UserID></xml>`, "wwsuite")
	if answer.Status != 0 || len(events) > 0 || c.logs.FilterMessageSnippet("left out").Len() != 1 {
		t.Errorf("answered %d with %v; logged %v", answer.Status, events, c.logs.All())
	}
}

func TestStrangersDoNotFillTheLogNorLeaveAWordInIt(t *testing.T) {
	c := newConsole(t)
	for range 100 {
		c.bring(http.MethodPost, url.Values{"nonce": {"hunter2"}}, "<xml><Encrypt>hunter2</Encrypt></xml>")
	}
	if n := c.logs.Len(); n == 0 || n > 10 {
		t.Errorf("%d lines were logged", n)
	}
	for _, entry := range c.logs.All() {
		for _, value := range entry.ContextMap() {
			if text := value.(string); strings.Contains(text, "hunter2") || strings.Contains(text, callbackToken) {
				t.Errorf("it logs %q", text)
			}
		}
	}
}
