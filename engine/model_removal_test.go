package engine_test

import (
	"slices"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// remove says what becomes of the row of a record that is gone. Only the last
// source that claims a row removes it, one that was there before any source is
// not deleted, nor one with the role root. What has been done is not done again.
func (p *modelPush) remove(i *modelItem) {
	r := i.record
	if r == nil || r.removed == "unlinked" || r.removed == "deleted" {
		return
	}
	i.row = r.row
	policy := p.policy(i)
	switch {
	case !p.alive(r.row):
		i.op = "unlink"
	case policy == engine.Keep, policy != engine.Unlink && slices.Contains(r.row.roles, "root"):
		i.op = "keep"
	case policy != engine.Unlink && p.othersStandFor(r.row, p.source), policy == engine.Delete && r.adopted:
		i.op = "unlink"
	default:
		i.op = policy
	}
	if r.removed != "" && i.op == "keep" || r.removed == "disabled" && i.op == "disable" {
		i.op = ""
	}
}

// policy is what the source's options say: left out, a tombstone deletes and
// absence keeps. What goes with the department above it is deleted.
func (p *modelPush) policy(i *modelItem) string {
	policy := p.options.Removal.User
	if i.key.kind == plugin.Department {
		policy = p.options.Removal.Department
	}
	switch {
	case i.cause == "below":
		return engine.Delete
	case policy != "":
		return policy
	case i.cause == "tombstone":
		return engine.Delete
	}
	return engine.Keep
}

// letGo has records that are gone, now or since earlier, let go of rows that
// others of the source come to stand for. A row that was disabled is so no more.
func (p *modelPush) letGo(items []*modelItem) (replaced []*modelItem) {
	for _, i := range items {
		taken := slices.ContainsFunc(items, func(o *modelItem) bool { return o.stands() && o.op == "link" && o.row == i.row })
		if i.gone() && taken && i.op != "" && i.op != "delete" {
			i.op = "unlink"
		}
	}
	for _, i := range items {
		for key, r := range p.records {
			if !i.stands() || i.op != "link" || key.source != p.source || r.row != i.row || r.removed != "kept" && r.removed != "disabled" {
				continue
			}
			if r.removed == "disabled" {
				i.disabled = r
			}
			if !slices.ContainsFunc(items, func(o *modelItem) bool { return o.record == r && o.op != "" }) {
				replaced = append(replaced, &modelItem{key: key, record: r, row: r.row, cause: "replaced", op: "unlink"})
			}
		}
	}
	return append(items, replaced...)
}

// writeRemoval does what the record being gone comes to; rows are deleted by
// whoever knows what hangs on them.
func (p *modelPush) writeRemoval(i *modelItem) {
	if i.op == "" {
		return
	}
	r := i.record
	p.keepText(i)
	switch i.op {
	case "keep":
		r.removed = "kept"
	case "disable":
		field := p.options.Removal.Disable
		r.removed, r.before = "disabled", i.row.columns[field.Field]
		i.set(field.Field, field.Value)
	case "unlink":
		r.removed = "unlinked"
		delete(p.pending, i.key)
	case "delete":
		p.unmake(i.row)
		r.removed, r.row = "deleted", nil
		delete(p.pending, i.key)
	}
}
