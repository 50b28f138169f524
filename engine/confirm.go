package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// atOnce is how many missing records a source is asked for in one look-up.
const atOnce = 500

// confirm looks up by name what a reading lacks, where it asks for that: what is
// found is added to the reading, what is gone comes as a tombstone, and what
// cannot be seen stays. Where nothing can be looked up nothing is taken for gone.
func (p *pull) confirm(ctx context.Context, sp *spool) error {
	r := p.run
	if err := r.readOptions(ctx); err != nil {
		return err
	}
	m := &missing{pull: p, spool: sp, known: map[plugin.Type]int{}}
	defer m.release(ctx)
	err := m.list(ctx)
	if err == nil {
		err = m.ask(ctx)
	}
	if failed, ok := errors.AsType[unanswered](err); ok && ctx.Err() == nil {
		r.doubt("what is missing could not be looked up: %v", failed)
		return sp.store(ctx, func(x schema.Conn) error { return sp.forgetAsked(ctx, x) })
	}
	sp.asked = m.known
	m.warn()
	return err
}

// An unanswered look-up is one that the source could not do.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

// ask looks up all that is missing, some at a time.
func (m *missing) ask(ctx context.Context) error {
	if m.total == 0 {
		return nil
	}
	driver, err := m.run.engine.adapters.Driver(m.setup.SourceType)
	if err == nil && !driver.Type.Capabilities.Lookup {
		err = &plugin.Error{Kind: plugin.Unsupported, Msg: "sources of type " + driver.Type.Name + " cannot look up", Hint: "mend the adapter, which asks for it"}
	}
	if err != nil {
		return unanswered{err}
	}
	for done := 0; done < m.total; done += atOnce {
		m.run.tell(func(now *Progress) {
			now.State, now.Done, now.Total = Reading, m.spool.records+done, m.spool.records+m.total
		})
		some, err := m.some(ctx, done)
		if err != nil {
			return err
		}
		records, err := m.lookUp(ctx, some)
		if err != nil {
			return err
		}
		if err := m.keep(ctx, records); err != nil {
			return err
		}
	}
	return nil
}

// lookUp asks the source for records by name, and gives what it says of them:
// those that are gone as tombstones, those that it cannot see not at all.
func (m *missing) lookUp(ctx context.Context, some []plugin.Ref) ([]plugin.Record, error) {
	var said []plugin.Record
	reading, err := m.run.engine.readSource(ctx, m.source, plugin.Request{Only: some}, func(page plugin.Page) error {
		said = append(said, page.Records...)
		return nil
	})
	if err != nil {
		return nil, unanswered{err}
	}
	m.run.warnings = append(m.run.warnings, reading.Warnings...)
	open := map[plugin.Ref]bool{}
	for _, ref := range some {
		open[ref] = true
	}
	var records []plugin.Record
	for _, record := range append(said, tombstones(reading.Gone)...) {
		if ref := record.Ref(); open[ref] { // no other was asked for, and none counts twice
			delete(open, ref)
			records = append(records, record)
			m.known[ref.Type]++
		}
	}
	for _, ref := range some {
		if open[ref] {
			m.hide(ref)
		}
	}
	return records, nil
}

// fewNames is how many records a warning names.
const fewNames = 3

// hide notes that a record cannot be seen.
func (m *missing) hide(ref plugin.Ref) {
	if m.hidden++; m.hidden <= fewNames {
		m.few = append(m.few, fmt.Sprintf("%s %.64s", ref.Type, ref.UID))
	}
}

// warn says what stays because it cannot be seen.
func (m *missing) warn() {
	if m.hidden == 0 {
		return
	}
	names := strings.Join(m.few, ", ")
	if more := m.hidden - len(m.few); more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	m.run.warnings = append(m.run.warnings, fmt.Sprintf("%d records cannot be seen any more, nor whether they are gone, and stay as they are: %s", m.hidden, names))
}

// keep stores what was looked up, in pages before the first: whoever goes on
// with the reading looks up anew.
func (m *missing) keep(ctx context.Context, records []plugin.Record) error {
	return m.spool.store(ctx, func(x schema.Conn) error {
		for _, part := range plugin.Group(records) {
			m.pages++
			if err := m.spool.insert(ctx, x, -m.pages, part); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetAsked drops what was looked up.
func (s *spool) forgetAsked(ctx context.Context, x schema.Conn) error {
	_, err := x.Exec(ctx, `DELETE FROM {pages} WHERE reading = ? AND n < 0`, s.id)
	return schema.Wrap(err, "drop what was looked up")
}
