package wecom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	corpID         = "ww5823bf96d3bd56c7"
	agentID        = 1000002
	secret         = "app-s3cr3t-of-the-test"
	contactsSecret = "contacts-s3cr3t-of-the-test"
)

// An object is one of JSON.
type object = map[string]any

// A company is one in WeCom, and how a source reads it.
type company struct {
	*wecomtest.Company
	wecom   *wecomtest.Server
	options object
}

// newCompany starts a company that an application sees whole: departments 1 (the
// company), 2 (Sales), 3 (Research), and 4 (Lab), which is below Research and
// before Sales and Research there would be none.
func newCompany(t plugintest.T) *company {
	c := &company{Company: wecomtest.NewCompany(corpID, "Acme")}
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}})
	c.department(2, "Sales", 1, 100)
	c.department(3, "Research", 1, 200)
	c.department(4, "Lab", 3, 0)
	return c.start(t)
}

// start serves the company.
func (c *company) start(t plugintest.T) *company {
	c.wecom = wecomtest.Start(c.Company)
	t.Cleanup(c.wecom.Close)
	c.options = object{"corpId": corpID, "agentId": agentID, "secret": secret, "baseUrl": c.wecom.URL()}
	return c
}

func (c *company) department(id int64, name string, parent int64, order uint32) {
	must(c.PutDepartment(wecomtest.Department{ID: id, Name: name, ParentID: parent, Order: order}))
}

// grow gives the company so many departments.
func (c *company) grow(n int64) {
	for id := int64(2); id <= n; id++ {
		c.department(id, fmt.Sprint("Department ", id), 1, 0)
	}
}

// member puts somebody into departments.
func (c *company) member(userID string, departments ...int64) {
	m := wecomtest.Member{UserID: userID, Name: "Name of " + userID}
	for _, id := range departments {
		m.Places = append(m.Places, wecomtest.Place{Department: id})
	}
	must(c.PutMember(m))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (c *company) open(t plugintest.T) plugin.Source {
	t.Helper()
	source, err := open(c.options, zap.NewNop())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { shut(source) })
	return source
}

func shut(s plugin.Source) { s.(interface{ Close() error }).Close() }

// open opens a source that does not wait long.
func open(options object, log *zap.Logger) (plugin.Source, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	source, err := wecom.Driver().Open(context.Background(), plugin.Setup{Name: "corp", Options: text, Log: log})
	if err == nil {
		wecom.Hurry(source, time.Millisecond)
	}
	return source, err
}

// A got is what a reading brought.
type got struct {
	plugin.Reading
	pages   []plugin.Page
	records []plugin.Record
	err     error
}

// read reads everything, or what refs name.
func (c *company) read(t plugintest.T, refs ...plugin.Ref) *got {
	t.Helper()
	return readSource(t, c.open(t), plugin.Request{Only: refs})
}

func readSource(t plugintest.T, s plugin.Source, req plugin.Request) *got {
	g := &got{}
	g.Reading, g.err = s.Read(t.Context(), req, func(p plugin.Page) error {
		g.pages = append(g.pages, p)
		g.records = append(g.records, p.Records...)
		return nil
	})
	return g
}

// mustRead wants the reading to come to its end.
func (c *company) mustRead(t plugintest.T, refs ...plugin.Ref) *got {
	t.Helper()
	g := c.read(t, refs...)
	if g.err != nil {
		t.Fatalf("Read() = %v", g.err)
	}
	return g
}

// uids are those of one type, in the order in which they came.
func (g *got) uids(t plugin.Type) string {
	var uids []string
	for _, r := range g.records {
		if r.Type == t {
			uids = append(uids, r.UID)
		}
	}
	return strings.Join(uids, " ")
}

// users are those who came, in the order of their uids.
func (g *got) users() string {
	uids := strings.Fields(g.uids(plugin.User))
	slices.Sort(uids)
	return strings.Join(uids, " ")
}

// record gives one as a push has it; empty: it did not come.
func (g *got) record(t plugin.Type, uid string) string {
	text := ""
	for _, r := range g.records {
		if r.Type == t && r.UID == uid {
			b, err := json.Marshal(r)
			must(err)
			text = string(b)
		}
	}
	return text
}

// tree gives the departments: "3<1#1 Research" is below 1, the first there.
func (g *got) tree() string {
	var all []string
	for _, r := range g.records {
		if r.Type != plugin.Department {
			continue
		}
		parent, _ := r.Attrs["parentUid"].(string)
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s<%s#%v %v", r.UID, parent, r.Attrs["sort"], r.Attrs["title"])))
	}
	return strings.Join(all, ", ")
}

// expect wants a complete reading, or one with a warning that says something.
func (g *got) expect(t *testing.T, doubt string) {
	t.Helper()
	warnings := strings.Join(g.Warnings, "\n")
	if g.err != nil || !g.Confirm || g.Complete != (doubt == "") || !strings.Contains(warnings, doubt) || doubt == "" && warnings != "" {
		t.Errorf("Read() = %+v, %v; want one that is complete but for %q", g.Reading, g.err, doubt)
	}
}

// expectKind wants an error of a kind that says something, with a hint, and holds
// no secret.
func expectKind(t *testing.T, err error, kind plugin.Kind, says string) {
	t.Helper()
	var e *plugin.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Hint == "" || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "access_token") {
		t.Errorf("error = %v, want one of kind %s that says %q, with a hint and without a secret", err, kind, says)
	}
}

func user(uid string) plugin.Ref      { return plugin.Ref{Type: plugin.User, UID: uid} }
func department(id string) plugin.Ref { return plugin.Ref{Type: plugin.Department, UID: id} }
