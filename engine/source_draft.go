package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// A proposal is a source as a draft would make it.
type proposal struct {
	row     sourceRow // but for its options
	driver  plugin.Driver
	shape   shape
	options object // in the clear
	faults  []Fault
}

// apply gives the row as a draft has it, but for its options, and what is wrong
// with that.
func (d SourceDraft) apply(row *sourceRow) (sourceRow, []Fault) {
	changed := sourceRow{Enabled: true}
	if row != nil {
		changed = *row
	}
	changed.Name = *cmp.Or(d.Name, &changed.Name)
	changed.DisplayName = *cmp.Or(d.DisplayName, &changed.DisplayName)
	changed.Enabled = *cmp.Or(d.Enabled, &changed.Enabled)
	changed.SourceType = *cmp.Or(d.SourceType, &changed.SourceType)
	var faults []Fault
	if why := unfit(changed.Name); why != "" {
		faults = append(faults, Fault{"/name", why})
	}
	if len([]rune(changed.DisplayName)) > maxName {
		faults = append(faults, Fault{"/displayName", fmt.Sprintf("must have %d or fewer characters", maxName)})
	}
	switch {
	case changed.SourceType == "":
		faults = append(faults, Fault{"/sourceType", "is missing"})
	case row != nil && changed.SourceType != row.SourceType:
		faults = append(faults, Fault{"/sourceType", "cannot be changed: make another source"})
	}
	return changed, faults
}

// maxName is how many characters NocoBase keeps of a name.
const maxName = 255

// unfit says why a text is no name of a source; empty where it is one.
func unfit(name string) string {
	switch {
	case name == "":
		return "is missing"
	case len([]rune(name)) > maxName:
		return fmt.Sprintf("must have %d or fewer characters", maxName)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0xFFFD || r == 0x7F }):
		return "must neither begin nor end with a blank, nor hold characters that do not show"
	}
	return ""
}

// propose works out what a draft would make of the source row, or of none, and
// what is wrong with it. The error is of kind NotFound for an unknown type.
func (e *Engine) propose(row *sourceRow, d SourceDraft) (*proposal, error) {
	p := &proposal{}
	p.row, p.faults = d.apply(row)
	if p.row.SourceType == "" {
		return p, nil
	}
	var err error
	if p.driver, err = e.adapters.Driver(p.row.SourceType); err != nil {
		return nil, err
	}
	if p.shape, err = e.shapes.of(p.driver.Type); err != nil {
		return nil, err
	}
	before := object{}
	if row != nil && row.SourceType == p.row.SourceType {
		if before, err = row.kept(); err != nil {
			return nil, err
		}
	}
	if p.options, err = d.options(p.shape, before); err != nil {
		p.faults = append(p.faults, Fault{"/options", err.Error()})
		return p, nil
	}
	if err := p.shape.open(p.options, e.keys, &p.row); err != nil {
		return nil, err
	}
	p.faults = append(p.faults, p.shape.check(p.options)...)
	return p, nil
}

// options are those of the draft with the secrets that stay; they are still
// encrypted.
func (d SourceDraft) options(s shape, before object) (object, error) {
	if len(d.Options) == 0 {
		return before, nil
	}
	now, err := decodeObject(d.Options)
	if err == nil {
		s.carry(before, now)
	}
	return now, err
}

// keep writes the options of a proposal into its row, with secrets encrypted.
func (p *proposal) keep(keys *Keys) error {
	if err := p.shape.seal(p.options, keys, &p.row); err != nil {
		return err
	}
	raw, err := json.Marshal(p.options)
	p.row.Options = string(raw)
	return err
}

// A setup is a source as it is read: its options hold secrets in the clear, and
// are neither logged nor shown.
type setup struct {
	ID         int64 // 0: it is not saved
	Name       string
	SourceType string
	Enabled    bool
	Options    json.RawMessage // as the schema of its type has found them right; without sync
	print      string          // tells one way in which it is set up from another, secrets apart
}

// setup reads a source to be opened. The error is of kind NotFound when there is
// none, or no such source type, and Config where its options are wrong.
func (e *Engine) setup(ctx context.Context, name string) (*setup, error) {
	row, err := e.sourceRow(ctx, e.db.On(e.db), name, "")
	if err != nil {
		return nil, told(ctx, err)
	}
	var d SourceDraft
	if e.resolve != nil {
		if d.Options, err = e.resolve(ctx, name); err != nil {
			return nil, err
		}
	}
	p, err := e.propose(row, d)
	if err != nil {
		return nil, err
	}
	return p.setup()
}

// setup is what a proposal without faults is opened with.
func (p *proposal) setup() (*setup, error) {
	if err := faulty(p.row.Name, p.faults); err != nil {
		return nil, err
	}
	own := maps.Clone(p.options)
	delete(own, syncMember)
	raw, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(p.shape.plain(p.options))
	return &setup{
		ID: p.row.ID, Name: p.row.Name, SourceType: p.row.SourceType, Enabled: p.row.Enabled, Options: raw,
		print: digest(p.row.SourceType, string(plain)),
	}, err
}
