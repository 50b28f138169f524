package engine_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestAnAdapterThatIsRegisteredAnewIsOpenedAnew(t *testing.T) {
	each(t, func(c *company) {
		before, now := newSystem(three()...), newSystem(three()...)
		c.corp()
		r := &plugin.Registry{}
		c.engine.SetAdapters(r)
		driver := func(s plugin.Source) plugin.Driver {
			return plugin.Driver{
				Type: plugin.SourceType{Name: "system", OptionsSchema: json.RawMessage(`{}`), Capabilities: plugin.Capabilities{Pull: true}},
				Open: func(context.Context, plugin.Setup) (plugin.Source, error) { return s, nil },
			}
		}
		if err := r.AddDriver(driver(before)); err != nil {
			t.Fatal(err)
		}
		c.sync(itsRow())
		r.Remove("system")
		if err := r.AddDriver(driver(now)); err != nil {
			t.Fatal(err)
		}
		c.engine.AdaptersChanged("system")
		c.sync(itsRow())
		c.same("readings of the adapter that is there now", now.states, "")
	})
}

func TestASourceThatIsChangedOrRemovedIsClosed(t *testing.T) {
	each(t, func(c *company) {
		opened := c.withVaults()
		c.create("v", "vault", `{"url":"https://a.example"}`)
		read := func(want int32) {
			t.Helper()
			c.engine.Sync(c.Context(), engine.Sync{Source: "v"}, nil) // nobody reads a vault: that fails
			if n := opened.Load(); n != want {
				t.Errorf("%d vaults are open, want %d", n, want)
			}
		}
		read(1)
		c.change("v", draft("w", "", ""))
		read(0)
		c.engine.Sync(c.Context(), engine.Sync{Source: "w"}, nil)
		if _, err := c.engine.DeleteSource(c.Context(), "w", engine.Keep, nil); err != nil || opened.Load() != 0 {
			t.Errorf("DeleteSource() = %v, and %d vaults are open", err, opened.Load())
		}
	})
}
