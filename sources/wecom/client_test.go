package wecom_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A near WeCom answers without a network, whose waiting a bubble's clock does not
// see.
type near struct{ http.Handler }

func (n near) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if recover() != nil { // it hangs up
			response, err = nil, errors.Join(errHungUp, r.Context().Err())
		}
	}()
	recorder := httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:4711"
	n.ServeHTTP(recorder, r)
	response = recorder.Result()
	response.Request = r
	return response, r.Context().Err()
}

var errHungUp = errors.New("EOF from https://wecom.test/?access_token=s3cr3t")

// bubble has a source read a company of one member where time is made up.
func bubble(t *testing.T, f func(t *testing.T, c *company, source plugin.Source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &company{Company: wecomtest.NewCompany(corpID, "Acme")}
		c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}})
		c.member("ann", 1)
		c.wecom = wecomtest.NewServer(c.Company)
		defer c.wecom.Close()
		c.options = object{"corpId": corpID, "agentId": agentID, "secret": secret}
		f(t, c, c.nearby(t))
	})
}

func (c *company) nearby(t *testing.T) plugin.Source {
	t.Helper()
	source, err := open(c.options, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	wecom.SetTransport(source, near{c.wecom.Handler()})
	wecom.Hurry(source, 500*time.Millisecond)
	return source
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fault    func(*wecomtest.Server)
		kind     plugin.Kind // empty: it is read
		min, max time.Duration
		later    time.Duration
	}{
		"busy once":               {fails("user/list", -1, 1), "", 500 * time.Millisecond, 650 * time.Millisecond, 0},
		"busy three times":        {fails("user/list", 6000, 3), "", 3500 * time.Millisecond, 5 * time.Second, 0},
		"busy for good":           {fails("user/list", -1, -1), plugin.Transient, 3500 * time.Millisecond, 5 * time.Second, time.Minute},
		"busy giving a token":     {fails("gettoken", -1, 1), "", 500 * time.Millisecond, 650 * time.Millisecond, 0},
		"a cut":                   {func(s *wecomtest.Server) { s.Cut("user/list", 1) }, "", 500 * time.Millisecond, 650 * time.Millisecond, 0},
		"cuts for good":           {func(s *wecomtest.Server) { s.Cut("user/list", -1) }, plugin.Transient, 3500 * time.Millisecond, 5 * time.Second, time.Minute},
		"too many in a minute":    {fails("user/list", 45009, 1), "", time.Minute, time.Minute, 0},
		"too many in an hour":     {fails("user/list", 45009, -1), plugin.RateLimited, time.Minute, time.Minute, time.Hour},
		"too many at a time":      {fails("user/list", 45033, 2), "", 1500 * time.Millisecond, 2 * time.Second, 0},
		"silent":                  {func(s *wecomtest.Server) { s.StallAt("user/list") }, plugin.Transient, 4 * time.Minute, 5 * time.Minute, time.Minute},
		"not what will not pass":  {fails("user/list", 48002, -1), plugin.Auth, 0, 0, 0},
		"a token that is no more": {func(s *wecomtest.Server) { s.Before("user/list", s.RevokeTokens) }, "", 0, 0, 0},
		"a token that has ended":  {func(s *wecomtest.Server) { s.Before("user/list", s.ExpireTokens) }, "", 0, 0, 0},
		"a token never taken":     {fails("user/list", 40014, -1), plugin.Auth, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, company *company, source plugin.Source) {
				c.fault(company.wecom)
				began := time.Now()
				g := readSource(t, source, plugin.Request{})
				took := time.Since(began)
				company.wecom.Mend()
				if took < c.min || took > c.max {
					t.Errorf("it took %v, want %v to %v", took, c.min, c.max)
				}
				if c.kind == "" {
					g.expect(t, "")
					return
				}
				expectKind(t, g.err, c.kind, "ask user/list")
				if e, _ := errors.AsType[*plugin.Error](g.err); e.RetryAfter != c.later {
					t.Errorf("it is to be tried again after %v, want %v", e.RetryAfter, c.later)
				}
			})
		})
	}
}

func fails(call string, code, times int) func(*wecomtest.Server) {
	return func(s *wecomtest.Server) { s.Fail(call, code, times) }
}

func TestATokenIsFetchedOnceAndBeforeItEnds(t *testing.T) {
	bubble(t, func(t *testing.T, c *company, source plugin.Source) {
		c.grow(39)
		for _, want := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {114 * time.Minute, 1}, {2 * time.Minute, 2}} {
			time.Sleep(want.after)
			readSource(t, source, plugin.Request{}).expect(t, "")
			if got := c.wecom.Calls("gettoken"); got != want.calls {
				t.Errorf("%v later: %d tokens were fetched, want %d", want.after, got, want.calls)
			}
		}
	})
}

// Tokens that end all at once are replaced by one.
func TestATokenIsReplacedOnceForAll(t *testing.T) {
	bubble(t, func(t *testing.T, c *company, source plugin.Source) {
		c.grow(39)
		c.wecom.Slow("user/list", 100*time.Millisecond)
		c.wecom.Before("user/list?department_id=8", c.wecom.RevokeTokens)
		readSource(t, source, plugin.Request{}).expect(t, "")
		if got := c.wecom.Calls("gettoken"); got != 2 {
			t.Errorf("%d tokens were fetched, want 2", got)
		}
	})
}

// WeCom blocks the address of who comes with wrong secrets.
func TestAWrongSecretIsLeftAloneForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T, c *company, _ plugin.Source) {
		c.options["secret"] = "wrong-s3cr3t"
		source := c.nearby(t)
		for _, want := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {0, 1}, {4 * time.Minute, 1}, {2 * time.Minute, 2}} {
			time.Sleep(want.after)
			err := readSource(t, source, plugin.Request{}).err
			expectKind(t, err, plugin.Auth, "the secret is wrong")
			if e, _ := errors.AsType[*plugin.Error](err); e.RetryAfter <= 0 || e.RetryAfter > 5*time.Minute {
				t.Errorf("it is to be tried again after %v", e.RetryAfter)
			}
			if got := c.wecom.Calls(""); got != want.calls {
				t.Errorf("%v later: %d calls were made, want %d", want.after, got, want.calls)
			}
		}
	})
}

func TestCallsAreFewerWhenTheyAreTooManyAtATime(t *testing.T) {
	bubble(t, func(t *testing.T, c *company, _ plugin.Source) {
		c.grow(199)
		c.options["concurrency"] = 16
		c.wecom.Limit(0, 4)
		c.wecom.Slow("user/list", 100*time.Millisecond)
		readSource(t, c.nearby(t), plugin.Request{}).expect(t, "")
		if over := c.wecom.Calls("user/list") - 199; over < 1 || over > 60 {
			t.Errorf("%d calls were too many, want a few", over)
		}
	})
}

func TestCallsKeepTheirDistance(t *testing.T) {
	bubble(t, func(t *testing.T, c *company, _ plugin.Source) {
		c.grow(18)
		c.options["requestsPerSecond"] = 1
		began := time.Now()
		readSource(t, c.nearby(t), plugin.Request{}).expect(t, "")
		if took := time.Since(began); took != 20*time.Second { // 18 departments, a token, the range, the list
			t.Errorf("21 calls took %v at one in a second, want 20s", took)
		}
	})
}

func TestAnswersThatAreNotWeComs(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   plugin.Kind
		says   string
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test/", http.StatusMovedPermanently)
		}, plugin.Config, "301 Moved Permanently"},
		"a web page":  {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, plugin.Config, "a web page"},
		"no access":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, plugin.Config, "403 Forbidden"},
		"a bad proxy": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, plugin.Transient, "502 Bad Gateway"},
		"half of it":  {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"errcode":0,"access_tok`)) }, plugin.Transient, "cut off"},
		"nothing":     {func(http.ResponseWriter, *http.Request) {}, plugin.Transient, "cut off"},
		"no token":    {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"errcode":0}`)) }, plugin.Transient, "no token"},
		"a list":      {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`[]`)) }, plugin.Data, "not what WeCom documents"},
		"it hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, plugin.Transient, "hung up"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			t.Cleanup(server.Close)
			company := &company{options: object{"corpId": corpID, "agentId": agentID, "secret": secret, "baseUrl": server.URL}}
			expectKind(t, company.read(t).err, c.kind, c.says)
		})
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, options := range []object{{"baseUrl": gone.URL}, {"baseUrl": "https://wecom.test", "proxyUrl": strings.Replace(gone.URL, "//", "//me:s3cr3t@", 1)}} {
		options["corpId"], options["agentId"], options["secret"] = corpID, agentID, secret
		expectKind(t, (&company{options: options}).read(t).err, plugin.Transient, "connection refused")
	}
}

// The proxy is asked for WeCom, and the token goes nowhere else.
func TestCallsGoThroughTheProxy(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 2)
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := basic(r); password != "s3cr3t" || r.URL.Host != "wecom.test" {
			t.Errorf("the proxy is asked for %s with the password %q", r.URL.Host, password)
		}
		asked++
		c.wecom.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	c.options["baseUrl"], c.options["proxyUrl"], c.options["concurrency"] = "http://wecom.test", strings.Replace(proxy.URL, "//", "//me:s3cr3t@", 1), 1
	c.mustRead(t).expect(t, "")
	if asked == 0 {
		t.Error("the proxy was not asked")
	}
}

func basic(r *http.Request) (string, string, bool) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
	return r.BasicAuth()
}
