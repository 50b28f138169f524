package conform_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

func (a *adapter) apply(p plugin.ApplyParams) (any, error) {
	if p.Target != "shelf" && !a.has("takes what is another's") {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/target", Msg: "there is no such target"}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.has("takes one batch at a time") {
		if a.applying {
			return nil, &plugin.Error{Kind: plugin.Conflict, Msg: "another batch is written"}
		}
		a.applying = true
		defer func() { a.applying = false }()
		if len(a.done) == 0 {
			a.pause()
		}
	}
	outcomes := []plugin.Outcome{}
	for _, c := range p.Changes {
		o := a.make(c.Change())
		outcomes = append(outcomes, o)
		if o.Err != nil && a.has("gives up at a bad record") {
			return nil, o.Err
		}
	}
	if a.has("one outcome too few") && len(outcomes) > 2 {
		outcomes = outcomes[1:]
	}
	return plugin.NewApplyResult(outcomes), nil
}

// make makes a change, unless it has. The lock is held.
func (a *adapter) make(c plugin.Change) plugin.Outcome {
	if rows, again := a.done[c.Key]; again && !a.has("makes a change twice") {
		return plugin.Outcome{Key: c.Key, Rows: rows}
	}
	switch {
	case c.Record.UID == "refused":
		return plugin.Outcome{Key: c.Key, Err: &plugin.Error{Kind: plugin.Data, Msg: "it has no name", Hint: "give it one"}}
	case c.Op == plugin.Create && a.has("refuses the third") && strings.HasSuffix(c.Record.UID, "-3"):
		return plugin.Outcome{Key: c.Key, Err: &plugin.Error{Kind: plugin.Data, Msg: "no more"}}
	case c.Op == plugin.Delete:
		return a.remove(c)
	case c.Op == plugin.Create, a.has("an update makes a row"):
		a.last++
		c.Rows = []string{strconv.Itoa(a.last)}
	}
	for _, row := range c.Rows {
		a.rows[row] = c.Record
	}
	a.done[c.Key] = c.Rows
	return plugin.Outcome{Key: c.Key, Rows: c.Rows}
}

// pause lets go of the lock until another message has come, or none does.
func (a *adapter) pause() {
	news := a.news
	a.mu.Unlock()
	defer a.mu.Lock()
	select {
	case <-news:
	case <-time.After(time.Second):
	}
}

func (a *adapter) remove(c plugin.Change) plugin.Outcome {
	if len(c.Rows) == 0 && a.has("cannot remove nobody") {
		return plugin.Outcome{Key: c.Key, Err: &plugin.Error{Kind: plugin.NotFound, Msg: "there is nobody"}}
	}
	for _, row := range c.Rows {
		delete(a.rows, row)
	}
	if a.has("keeps who is gone") {
		return plugin.Outcome{Key: c.Key, Rows: c.Rows}
	}
	return plugin.Outcome{Key: c.Key}
}

func (a *adapter) find(p plugin.FindParams) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := []plugin.Found{}
	for row, record := range a.rows {
		value, _ := record.Attrs[p.Field].(string)
		if slices.Contains(p.Values, value) && !a.has("finds nobody") {
			found = append(found, plugin.Found{Row: row, Value: value})
		}
	}
	return plugin.FindResult{Rows: found}, nil
}
