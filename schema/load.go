package schema

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Rows collects rows for Load in the form the database takes them fastest.
type Rows struct {
	columns int
	bulk    bool
	n       int
	copy    []byte // PostgreSQL: COPY's text format
	args    []any  // SQLite: parameters
}

// Rows makes an empty collection of rows of that many columns.
func (db *DB) Rows(columns int) *Rows { return &Rows{columns: columns, bulk: db.dialect.bulk} }

// Len is how many rows have been added.
func (r *Rows) Len() int { return r.n }

// Reset empties the collection for use again.
func (r *Rows) Reset() { r.n, r.copy, r.args = 0, r.copy[:0], r.args[:0] }

// Add adds one row: nil, string, int64, float64 or bool for each column.
func (r *Rows) Add(values ...any) {
	if len(values) != r.columns {
		panic(fmt.Sprintf("schema: a row of %d values for %d columns", len(values), r.columns))
	}
	r.n++
	if !r.bulk {
		r.args = append(r.args, values...)
		return
	}
	for i, v := range values {
		if i > 0 {
			r.copy = append(r.copy, '\t')
		}
		r.copy = appendCopy(r.copy, v)
	}
	r.copy = append(r.copy, '\n')
}

// appendCopy writes v as COPY's text format has it.
func appendCopy(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, `\N`...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case string:
		return appendEscaped(b, v)
	}
	panic(fmt.Sprintf("schema: no value of type %T goes into a row", v))
}

func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		var escaped string
		switch s[i] {
		case '\\':
			escaped = `\\`
		case '\n':
			escaped = `\n`
		case '\r':
			escaped = `\r`
		case '\t':
			escaped = `\t`
		default:
			continue
		}
		b = append(append(b, s[start:i]...), escaped...)
		start = i + 1
	}
	return append(b, s[start:]...)
}

// Load writes the rows into columns, named as SQL, of a temporary table on conn,
// which must not be in a transaction.
func (db *DB) Load(ctx context.Context, conn *sqlx.Conn, table string, columns []string, r *Rows) error {
	if r.n == 0 {
		return nil
	}
	// A read-only transaction may write temporary tables, and on SQLite does
	// not take the lock that other writers wait for.
	tx, err := conn.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Wrap(err, "load "+table)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := db.LoadIn(ctx, conn, tx, table, columns, r); err != nil {
		return err
	}
	return Wrap(tx.Commit(), "load "+table)
}

// LoadIn is Load within a transaction on conn.
func (db *DB) LoadIn(ctx context.Context, conn *sqlx.Conn, tx *sqlx.Tx, table string, columns []string, r *Rows) error {
	if r.n == 0 {
		return nil
	}
	load := loadValues
	if r.bulk {
		load = loadCopy
	}
	return Wrap(load(ctx, conn, tx, table, columns, r), "load "+table)
}

// copyBlock is how much goes to PostgreSQL at once; larger blocks gain nothing.
const copyBlock = 60 << 10

// loadCopy hands COPY's text to lib/pq in blocks, below database/sql, which
// would have it encode every value again. The driver ends each block with a
// newline of its own, so blocks are cut at the end of a row.
func loadCopy(ctx context.Context, conn *sqlx.Conn, _ *sqlx.Tx, table string, columns []string, r *Rows) error {
	// Raw is not told of a connection that broke: it would close it, and wait
	// for ever for the transaction on it to end.
	var copyErr error
	err := conn.Raw(func(c any) error {
		copyErr = copyRows(ctx, c.(driver.ConnPrepareContext), "COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN", r.copy)
		return nil
	})
	return errors.Join(copyErr, err)
}

func copyRows(ctx context.Context, c driver.ConnPrepareContext, statement string, rows []byte) error {
	stmt, err := c.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	in := stmt.(copyIn)
	for rest := rows; len(rest) > 0; {
		block := rest[:endOfRow(rest)]
		rest = rest[len(block):]
		if _, err := in.CopyData(ctx, string(block[:len(block)-1])); err != nil {
			return errors.Join(err, stmt.Close())
		}
	}
	return stmt.Close() // sends what is left and waits for the verdict
}

// copyIn is what lib/pq's COPY statement can do beyond database/sql.
type copyIn interface {
	CopyData(ctx context.Context, block string) (driver.Result, error)
}

// endOfRow is where the last row ends that fits into a block.
func endOfRow(b []byte) int {
	if len(b) <= copyBlock {
		return len(b)
	}
	if i := bytes.LastIndexByte(b[:copyBlock], '\n'); i >= 0 {
		return i + 1
	}
	return copyBlock + bytes.IndexByte(b[copyBlock:], '\n') + 1
}

// How many rows one INSERT has: more gain nothing, and SQLite takes only so
// many parameters.
const (
	valuesPerInsert = 100
	maxParameters   = 32_766
)

func loadValues(ctx context.Context, _ *sqlx.Conn, tx *sqlx.Tx, table string, columns []string, r *Rows) error {
	for start := 0; start < r.n; {
		n := min(valuesPerInsert, maxParameters/r.columns, r.n-start)
		args := r.args[start*r.columns : (start+n)*r.columns]
		if _, err := tx.ExecContext(ctx, insertValues(table, columns, n), args...); err != nil {
			return err
		}
		start += n
	}
	return nil
}

func insertValues(table string, columns []string, rows int) string {
	row := "(" + strings.Repeat("?,", len(columns)-1) + "?)"
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " +
		strings.Repeat(row+",", rows-1) + row
}
