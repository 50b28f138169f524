package engine_test

import (
	"context"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A host that writes the rows of sources encrypts secrets in its own way: it says
// how they are set up, for readings and for events.
func TestAHostMayResolveTheOptionsOfItsSources(t *testing.T) {
	each(t, func(c *company) {
		var options []string
		r := &plugin.Registry{}
		hr := newSystem(three()...)
		c.engine.SetAdapters(r)
		driver := plugin.Driver{
			Type: plugin.SourceType{Name: "system", Capabilities: plugin.Capabilities{Pull: true, Webhook: true, Lookup: true}},
			Open: func(_ context.Context, s plugin.Setup) (plugin.Source, error) {
				options = append(options, string(s.Options))
				return hr, nil
			},
		}
		if err := r.AddDriver(driver); err != nil {
			c.Fatal(err)
		}
		word := "first"
		c.corp().engine.SetResolver(func(_ context.Context, source string) ([]byte, error) {
			return []byte(`{"password":"` + source + `: ` + word + `","sync":{"drift":"keep"}}`), nil
		})
		c.sync(itsRow())
		word = "second"
		hr.holds(append(three()[:3], `user {"uid":"b","nickname":"Bob!"}`)...)
		c.callback("user b")
		c.works(c.emptied)
		c.same("options", options, `{"password":"corp: first"}`, `{"password":"corp: second"}`)
		c.wantUsers("nickname", "Ann", "Bob!", "Cid")
	})
}

func TestWhatAHostCannotResolveIsNotRead(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...)).engine.SetResolver(func(context.Context, string) ([]byte, error) {
			return nil, &plugin.Error{Kind: plugin.Config, Msg: "there is no variable HR_TOKEN"}
		})
		_, err := c.engine.Start(c.Context(), engine.Sync{Source: "corp"})
		wantKind(t, "Start()", err, plugin.Config)
		c.same("runs", c.list(`SELECT count(*) FROM {runs}`), "0")
	})
}
