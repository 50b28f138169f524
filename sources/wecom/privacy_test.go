package wecom_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A gateway stands between and sees the tokens that are given out.
type gateway struct {
	mu     sync.Mutex
	tokens map[string]bool
}

func (g *gateway) handler(to string) http.Handler {
	address, err := url.Parse(to)
	must(err)
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	proxy.ErrorLog = zap.NewStdLog(zap.NewNop())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("access_token"); token != "" {
			g.mu.Lock()
			g.tokens[token] = true
			g.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	})
}

// Whatever goes wrong, no byte of a secret or a token is in a log, an error, a
// warning or a State, and nothing of a member either.
func TestNothingSecretIsSaid(t *testing.T) {
	faults := map[string]func(*company){
		"nothing":        func(*company) {},
		"cuts":           func(c *company) { c.wecom.Cut("user/list", -1) },
		"a cut token":    func(c *company) { c.wecom.Cut("gettoken", -1) },
		"revoked tokens": func(c *company) { c.wecom.Fail("user/list", 40014, -1) },
		"a wrong secret": func(c *company) { c.PutApp(wecomtest.App{AgentID: agentID, Secret: "changed"}) },
		"another IP": func(c *company) {
			c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}, TrustedIPs: []string{"10.0.0.1"}})
		},
		"too many": func(c *company) { c.wecom.Limit(1, 0) },
		"no WeCom": func(c *company) { c.wecom.Close() },
		"busy":     func(c *company) { c.wecom.Fail("", -1, -1) },
		"changes":  func(c *company) { c.wecom.Before("user/list?department_id=4", func() { must(c.RemoveDepartment(4)) }) },
		"disabled": func(c *company) {
			c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}, Disabled: true})
		},
	}
	for _, call := range []string{"gettoken", "agent/get", "department/list", "user/list", "user/list_id", "user/get"} {
		for _, code := range []int{-1, 40001, 40003, 40014, 45029, 48002, 60011, 60020, 99999} {
			faults[fmt.Sprint(call, " ", code)] = func(c *company) { c.wecom.Fail(call, code, -1) }
		}
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			c, seen := newCompany(t), &gateway{tokens: map[string]bool{}}
			must(c.PutMember(full()))
			c.PutContacts(wecomtest.Contacts{Secret: contactsSecret})
			server := httptest.NewServer(seen.handler(c.wecom.URL()))
			t.Cleanup(server.Close)
			c.options["contactsSecret"], c.options["baseUrl"] = contactsSecret, server.URL
			core, logs := observer.New(zapcore.DebugLevel)
			source, err := open(c.options, zap.New(core))
			must(err)
			t.Cleanup(func() { shut(source) })
			fault(c)
			wecom.Hurry(source, time.Microsecond)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a minute's limit is not waited for
			defer cancel()
			said := ""
			for _, req := range []plugin.Request{{}, {Only: []plugin.Ref{user("zhangsan"), department("2")}}} {
				reading, err := source.Read(ctx, req, func(p plugin.Page) error { said += string(p.State); return nil })
				said += fmt.Sprintf("%v %+v %v\n", err, err, reading.Warnings)
			}
			for _, entry := range logs.All() {
				said += fmt.Sprintf("%v %v\n", entry.Entry, entry.ContextMap())
			}
			seen.mu.Lock()
			defer seen.mu.Unlock()
			for _, hidden := range append([]string{"s3cr3t", "access_token", "corpsecret", "zhangsan", "ZhangSan", "13800000000", "z3@"}, slices.Collect(maps.Keys(seen.tokens))...) {
				if strings.Contains(said, hidden) {
					t.Errorf("it was said: %s", strings.ReplaceAll(said, hidden, "<<"+hidden+">>"))
				}
			}
		})
	}
}
