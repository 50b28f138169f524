package plugintest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// A Directory is a system in memory. Its sources keep all promises: they are the
// reference, and stand in for a real system in tests of what reads sources. It
// is safe for concurrent use.
type Directory struct {
	perPage int

	mu      sync.Mutex // guards what follows
	records []plugin.Record
	hidden  map[plugin.Ref]bool
	version int // a State of another is not gone on with
	served  int
	faults  int
	stalled chan struct{}
	waited  sync.Once
}

// NewDirectory gives a directory that holds records and gives perPage of them at
// a time.
func NewDirectory(perPage int, records ...plugin.Record) *Directory {
	return &Directory{perPage: perPage, records: slices.Clone(records), hidden: map[plugin.Ref]bool{}}
}

// Put adds a record, or replaces the one of its name.
func (d *Directory) Put(r plugin.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	if i := d.find(r.Ref()); i >= 0 {
		d.records[i] = r
		return
	}
	d.records = append(d.records, r)
}

// Remove removes a record.
func (d *Directory) Remove(ref plugin.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	d.records = slices.DeleteFunc(d.records, func(r plugin.Record) bool { return r.Ref() == ref })
}

// Hide has a look-up of the record say that it cannot be seen.
func (d *Directory) Hide(ref plugin.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hidden[ref] = true
}

// Break has the next calls fail, in a way that may pass; with -1 all.
func (d *Directory) Break(times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = times
}

// Stall has calls wait until whoever called gives up. The channel is closed when
// one waits.
func (d *Directory) Stall() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stalled = make(chan struct{})
	return d.stalled
}

// Served says how many pages were given.
func (d *Directory) Served() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.served
}

// find is where a record stands, or -1.
func (d *Directory) find(ref plugin.Ref) int {
	return slices.IndexFunc(d.records, func(r plugin.Record) bool { return r.Ref() == ref })
}

// call stands for a call over a network.
func (d *Directory) call(ctx context.Context) error {
	d.mu.Lock()
	stalled, failing := d.stalled, d.faults != 0
	d.faults -= min(max(d.faults, 0), 1)
	d.mu.Unlock()
	if stalled != nil {
		d.waited.Do(func() { close(stalled) })
		<-ctx.Done()
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failing:
		return &plugin.Error{Kind: plugin.Transient, Msg: "read the directory: it does not answer", Hint: "try again later"}
	}
	return nil
}

// page gives the records from a place on, and the version of the directory.
func (d *Directory) page(ctx context.Context, from int) ([]plugin.Record, int, error) {
	if err := d.call(ctx); err != nil {
		return nil, 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.served++
	from = min(from, len(d.records))
	return slices.Clone(d.records[from:min(from+d.perPage, len(d.records))]), d.version, nil
}

// look gives a record; ok is false where there is none, seen where it is hidden.
func (d *Directory) look(ctx context.Context, ref plugin.Ref) (r plugin.Record, ok, hidden bool, err error) {
	if err := d.call(ctx); err != nil {
		return r, false, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.find(ref)
	if i < 0 {
		return r, false, false, nil
	}
	return d.records[i], true, d.hidden[ref], nil
}

// System gives a directory to the checks.
func (d *Directory) System() System {
	const key = "open sesame"
	driver := d.Driver()
	callback := func(signature string) plugin.Callback {
		return plugin.Callback{
			Method: http.MethodPost, Header: http.Header{"Signature": {signature}},
			Body: []byte(`{"dataType":"user","uid":"u1"}`),
		}
	}
	return System{
		Type: driver.Type,
		Open: func(log *zap.Logger) (plugin.Source, error) {
			options, _ := json.Marshal(map[string]string{"key": key}) // text can be written
			return driver.Open(context.Background(), plugin.Setup{Name: "directory", Options: options, Log: log})
		},
		Holds: d.records, Served: d.Served, Break: d.Break, Stall: d.Stall, Remove: d.Remove, Hide: d.Hide,
		Genuine: func() (plugin.Callback, []plugin.Event) {
			return callback(key), []plugin.Event{{Type: plugin.User, UID: "u1"}}
		},
		Forged:  func() plugin.Callback { return callback("guess") },
		Secrets: []string{key},
	}
}
