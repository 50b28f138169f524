package schema

import (
	"context"
	"slices"
	"strings"
)

// Mirror gives a plan table the columns it lacks to hold values of columns: an
// operator may have added fields since the last run, or changed their types.
// Where columns are missing it keeps other runs from adding them at the same
// time.
func (db *DB) Mirror(ctx context.Context, x Conn, plan string, columns []Column) error {
	changes, err := db.missing(ctx, x, plan, columns)
	if err != nil || len(changes) == 0 {
		return err
	}
	op := "give " + plan + " the columns of its table"
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return Wrap(err, op)
	}
	defer tx.Rollback()
	x = db.On(tx)
	if db.dialect.name == "postgres" { // SQLite's transactions exclude each other
		if _, err := x.Exec(ctx, `LOCK TABLE {`+plan+`} IN ACCESS EXCLUSIVE MODE`); err != nil {
			return Wrap(err, op)
		}
	}
	if changes, err = db.missing(ctx, x, plan, columns); err != nil {
		return err
	}
	if err := x.Script(ctx, changes...); err != nil {
		return Wrap(err, op)
	}
	return Wrap(tx.Commit(), op)
}

// missing gives the statements that bring a plan table up to columns.
func (db *DB) missing(ctx context.Context, x Conn, plan string, columns []Column) ([]string, error) {
	have, err := db.read(ctx, x, plan)
	if err != nil {
		return nil, Wrap(err, "read the columns of "+plan)
	}
	same := func(a, b string) bool { return a == b }
	if db.dialect.name == "sqlite" {
		same = strings.EqualFold
	}
	var changes []string
	for _, c := range columns {
		i := slices.IndexFunc(have, func(h Column) bool { return same(h.column, c.column) })
		if i >= 0 && strings.EqualFold(have[i].Type, c.MirrorType()) {
			continue
		}
		if i >= 0 {
			changes = append(changes, `ALTER TABLE {`+plan+`} DROP COLUMN `+c.SQL())
		}
		changes = append(changes, `ALTER TABLE {`+plan+`} ADD COLUMN `+c.SQL()+` `+c.MirrorType())
	}
	return changes, nil
}
