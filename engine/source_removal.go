package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// DeleteSource removes a source. What becomes of its records is said by records:
// Keep leaves them and the rows they stand for, Unlink ends its claims, Delete
// removes what only it claims, planned, guarded and run as any push; the report
// is nil with Keep. Only when that run has ended in success does the source go;
// else it is there still, and the error says so. It is refused while another run
// of the source is under way (kind Locked).
func (e *Engine) DeleteSource(ctx context.Context, name, records string, report func(Progress)) (*Report, error) {
	row, err := e.sourceRow(ctx, e.db.On(e.db), name, "")
	if err != nil {
		return nil, told(ctx, err)
	}
	message := "removed; its records are kept"
	var r *Report
	switch records {
	case Keep:
	case Unlink, Delete:
		if r, err = e.removeRecords(ctx, row, records, report); err != nil {
			return r, err
		}
		message = "removed, after task " + r.Task.ID + " had removed its records"
	default:
		return nil, &plugin.Error{Kind: plugin.Config, Path: "/records", Msg: "what becomes of the records of source " + name + " is not said", Hint: "it is one of keep, unlink, delete"}
	}
	err = e.alone(ctx, name, removing, message, func(ctx context.Context, x schema.Conn) error {
		if records == Keep {
			return e.erase(ctx, x, row)
		}
		if err := e.settled(ctx, x, name); err != nil {
			return err
		}
		if err := eraseRecords(ctx, x, name); err != nil {
			return err
		}
		return e.erase(ctx, x, row)
	})
	if err == nil {
		e.opened.forget(e.log, func(s *setup) bool { return s.Name == name })
	}
	return r, told(ctx, err)
}

// removeRecords is a run that takes every record of the source for gone: a
// complete snapshot of nothing.
func (e *Engine) removeRecords(ctx context.Context, row *sourceRow, how string, report func(Progress)) (*Report, error) {
	if err := e.idle(ctx, row.Name); err != nil {
		return nil, told(ctx, err)
	}
	options, err := row.sync()
	if err != nil {
		return nil, err
	}
	options.Removal.User, options.Removal.Department = how, how
	nothing := func(func(Body, error) bool) {}
	p := Push{Source: row.Name, Bodies: nothing, Options: &options, Snapshot: &Snapshot{ID: "removal of the source", Done: true, Counts: map[plugin.Type]int{}}}
	for _, t := range e.types() {
		p.Snapshot.Counts[t.Type] = 0
	}
	r, err := e.bring(ctx, &share{push: p, report: report}, removing)
	if err != nil {
		return nil, unguard(err)
	}
	if r.Task.State != Success {
		return r, &plugin.Error{
			Kind: plugin.Conflict, Msg: "source " + row.Name + " was not removed, for task " + r.Task.ID + " could not remove all its records: " + r.Task.Message,
			Hint: "roster tasks show " + r.Task.ID + " says why; remove the source again once that is mended, or with its records kept",
		}
	}
	return r, nil
}

// sync reads how the source is synchronized.
func (row *sourceRow) sync() (Options, error) {
	kept, err := row.kept()
	if err != nil {
		return Options{}, err
	}
	raw, err := json.Marshal(kept[syncMember])
	if err != nil {
		return Options{}, err
	}
	return ParseOptions(raw)
}

// unguard says of a guard that held a removal what to do about it: there is no
// push that could be given other options.
func unguard(err error) error {
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok || e.Kind != plugin.Guard {
		return err
	}
	held := *e
	held.Msg = cmp.Or(strings.TrimSuffix(err.Error(), " ("+e.Hint+")"), e.Msg)
	held.Hint = "if it is meant, set options" + strings.ReplaceAll(e.Path, "/", ".") + " of the source to null, and remove it again"
	return &held
}

// settled wants no record of the source to stand: something may have been pushed
// since they were removed.
func (e *Engine) settled(ctx context.Context, x schema.Conn, name string) error {
	var types []string
	for _, t := range e.types() {
		types = append(types, "'"+string(t.Type)+"'")
	}
	var standing bool
	err := x.Get(ctx, &standing, `SELECT EXISTS (SELECT 1 FROM {records} WHERE source = ? AND removed IS NULL AND type IN (`+strings.Join(types, ", ")+`))`, name)
	if err != nil || !standing {
		return schema.Wrap(err, "see whether all records are gone")
	}
	return &plugin.Error{Kind: plugin.Stale, Msg: fmt.Sprintf("something was pushed to source %.64s while it was removed", name), Hint: "disable it, then remove it again"}
}

// eraseRecords removes what NocoBase keeps of the records of a source. Where the
// newest sync record goes with them, the next run must not take that for a
// backup that was restored.
func eraseRecords(ctx context.Context, x schema.Conn, name string) error {
	var others bool
	if err := x.Get(ctx, &others, otherTables); err != nil {
		return schema.Wrap(err, "look for the witness")
	}
	for _, q := range []string{
		`DELETE FROM {userDataSyncRecordsResources} WHERE [recordId] IN (SELECT id FROM {userDataSyncRecords} WHERE [sourceName] = ?)`,
		`DELETE FROM {userDataSyncRecords} WHERE [sourceName] = ?`,
	} {
		if _, err := x.Exec(ctx, q, name); err != nil {
			return schema.Wrap(err, "remove the records of a source")
		}
	}
	if others {
		return nil // which the next run is to see
	}
	return testify(ctx, x)
}

// erase removes the row of a source, and all that Roster keeps under its name
// but the runs, and what others have still to be told.
func (e *Engine) erase(ctx context.Context, x schema.Conn, row *sourceRow) error {
	if err := dropSpools(ctx, x, `g.source = ?`, row.Name); err != nil {
		return err
	}
	for _, table := range underName() {
		if table == "runs" || table == "outbox" {
			continue
		}
		if _, err := x.Exec(ctx, `DELETE FROM {`+table+`} WHERE source = ?`, row.Name); err != nil {
			return schema.Wrap(err, "remove a source")
		}
	}
	n, err := x.Exec(ctx, `DELETE FROM {userDataSyncSources} WHERE id = ? AND name = ?`, row.ID, row.Name)
	if err == nil && n == 0 {
		return &plugin.Error{Kind: plugin.Stale, Msg: fmt.Sprintf("source %.64s was renamed or removed meanwhile", row.Name)}
	}
	return schema.Wrap(err, "remove a source")
}
