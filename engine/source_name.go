package engine

import (
	"context"
	"fmt"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// underName are Roster's tables that keep something under the name of a source,
// in their column source. A test holds the list to the tables.
func underName() []string {
	return []string{
		"records", "pending", "conflicts", "snapshots", "snapshot_records", "cursors",
		"readings", "inbox", "renames", "feeds", "outbox", "tokens", "runs",
	}
}

// rename changes a source, its name included, and takes along all that is kept
// under that name, in one transaction.
func (e *Engine) rename(ctx context.Context, name string, d SourceDraft) error {
	if _, err := e.sourceRow(ctx, e.db.On(e.db), name, ""); err != nil {
		return err
	}
	if why := unfit(*d.Name); why != "" {
		return faulty(name, []Fault{{"/name", why}})
	}
	if err := e.idle(ctx, *d.Name); err != nil {
		return err
	}
	return e.alone(ctx, name, renaming, "renamed to "+*d.Name, func(ctx context.Context, x schema.Conn) error {
		if err := e.unused(ctx, x, *d.Name); err != nil {
			return err
		}
		if err := e.change(ctx, x, name, d); err != nil {
			return err
		}
		return move(ctx, x, name, *d.Name)
	})
}

// unused wants nothing to be kept under a name: whoever pushes needs no row.
// How far records were read for it, and names that records had, are nothing.
func (e *Engine) unused(ctx context.Context, x schema.Conn, name string) error {
	queries := []string{`SELECT EXISTS (SELECT 1 FROM {userDataSyncRecords} WHERE [sourceName] = ?)`}
	for _, table := range underName() {
		switch table {
		case "cursors", "renames", "tokens", "runs":
		default:
			queries = append(queries, `SELECT EXISTS (SELECT 1 FROM {`+table+`} WHERE source = ?)`)
		}
	}
	for _, q := range queries {
		var there bool
		if err := x.Get(ctx, &there, q, name); err != nil {
			return schema.Wrap(err, "see whether a name is free")
		}
		if there {
			return taken(name, "records have been pushed under that name")
		}
	}
	return nil
}

// move takes along what is kept under the name of a source.
func move(ctx context.Context, x schema.Conn, from, to string) error {
	for _, table := range []string{"cursors", "renames"} {
		if _, err := x.Exec(ctx, `DELETE FROM {`+table+`} WHERE source = ?`, to); err != nil {
			return schema.Wrap(err, "rename a source")
		}
	}
	statements := []string{`UPDATE {userDataSyncRecords} SET [sourceName] = ? WHERE [sourceName] = ?`}
	for _, table := range underName() {
		statements = append(statements, `UPDATE {`+table+`} SET source = ? WHERE source = ?`)
	}
	for _, q := range statements {
		if _, err := x.Exec(ctx, q, to, from); err != nil {
			return schema.Wrap(err, "rename a source")
		}
	}
	return nil
}

// alone does work in one transaction, as a run that holds the source. While
// another run of the source is under way it is refused.
func (e *Engine) alone(ctx context.Context, source, kind, message string, work func(ctx context.Context, x schema.Conn) error) error {
	if err := e.idle(ctx, source); err != nil {
		return err
	}
	r := e.newRun(Push{Source: source}, kind, nil)
	return e.run(ctx, r, func(ctx context.Context) error {
		if err := r.take(ctx); err != nil {
			return err
		}
		err := e.transact(ctx, func(x schema.Conn) error {
			if err := work(ctx, x); err != nil {
				return err
			}
			return r.fence(ctx, x)
		})
		if err != nil {
			return err
		}
		return r.end(ctx, Success, message, nil)
	})
}

// idle wants no run of the source to be under way.
func (e *Engine) idle(ctx context.Context, source string) error {
	if err := e.bury(ctx); err != nil {
		return err
	}
	var run *int64
	if err := e.db.On(e.db).Get(ctx, &run, `SELECT min(id) FROM {runs} WHERE source = ? AND finished_at IS NULL`, source); err != nil || run == nil {
		return schema.Wrap(err, "look for runs of the source")
	}
	return &plugin.Error{
		Kind: plugin.Locked, Path: "/name", Msg: fmt.Sprintf("source %.64s is at work: task %d", source, *run),
		Hint: "wait for its end, or cancel it",
	}
}
