package schema

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Class is what kind of fault a database answered with.
type Class string

// The classes, by what a caller can do about them.
const (
	Duplicate     Class = "duplicate"     // a unique value is held by another row
	Rejected      Class = "rejected"      // the row breaks a rule of the table
	Busy          Class = "busy"          // lost a race with another transaction: run it again
	Gone          Class = "gone"          // the database is out of reach
	Misconfigured Class = "misconfigured" // wrong URL, password, rights, tables; read-only; full
	Canceled      Class = "canceled"
	Unknown       Class = "unknown"
)

// An Error is a fault of the database with what an operator can do about it.
// Its text holds neither values of rows nor the database's URL.
type Error struct {
	Kind Class
	Op   string // what was being done
	On   string // the column or constraint, where the database names one
	Hint string
	Err  error // the driver's error; its text may hold values and is left out of ours
}

// Error says what was being done, what came of it, and what to do next.
func (e *Error) Error() string {
	s := e.Op
	if cause := e.cause(); cause != "" {
		s += ": " + cause
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// cause is the driver's message without its detail, which quotes values.
func (e *Error) cause() string {
	if e.Err == nil {
		return ""
	}
	if p := pq.As(e.Err); p != nil {
		return string(p.Code) + " " + p.Message
	}
	return e.Err.Error()
}

// Unwrap gives the driver's error.
func (e *Error) Unwrap() error { return e.Err }

// Wrap makes an *Error of what a driver answered while op was being done; nil
// stays nil. Errors met while cleaning up may follow; they are joined.
func Wrap(err error, op string, cleanup ...error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	class, on := classify(err)
	return &Error{Kind: class, Op: op, On: on, Hint: hint(class, err), Err: errors.Join(append([]error{err}, cleanup...)...)}
}

// ClassOf gives the class of err, whether it was wrapped or not.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	class, _ := classify(err)
	return class
}

// Constraint names the column or constraint a Duplicate or Rejected is about.
func Constraint(err error) string {
	_, on := classify(err)
	return on
}

// postgresHints are what to do about faults that only an operator can mend.
func postgresHints() map[string]string {
	return map[string]string{
		"28000": "check the user in the URL, and what the server's pg_hba.conf lets in",
		"28P01": "check the user and the password in the URL",
		"3D000": "there is no such database: make it first, or correct its name in the URL",
		"42501": "the user lacks a right: let it own the database, or make tables and schemas in it",
		"42P01": "a table is missing: is this NocoBase's database?",
		"42703": "a column is missing: is this NocoBase's database, and of a version that Roster knows?",
		"25006": "the server takes no changes: it is a standby, or set to read only",
		"53100": "the server's disk is full",
		"53300": "the server has no connection left: raise max_connections or end some",
	}
}

func sqliteHints() map[int]string {
	return map[int]string{
		sqlite3.SQLITE_READONLY: "the file cannot be written: check its rights and those of its folder",
		sqlite3.SQLITE_PERM:     "the file cannot be written: check its rights and those of its folder",
		sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check its path, its rights and those of its folder",
		sqlite3.SQLITE_NOTADB:   "the file is no SQLite database: name another",
		sqlite3.SQLITE_CORRUPT:  "the file is damaged: bring back a copy of it",
		sqlite3.SQLITE_FULL:     "the disk is full",
	}
}

func hint(c Class, err error) string {
	var s *sqlite.Error
	switch {
	case pq.As(err) != nil && pq.As(err).Code == "55P03":
		return "another session holds rows that are to be written: pg_stat_activity shows who has been idle in a transaction for long; end it, and the same call goes on where this one ended"
	case c != Misconfigured:
	case pq.As(err) != nil && postgresHints()[string(pq.As(err).Code)] != "":
		return postgresHints()[string(pq.As(err).Code)]
	case errors.As(err, &s) && sqliteHints()[s.Code()&0xff] != "":
		return sqliteHints()[s.Code()&0xff]
	}
	switch c {
	case Gone:
		return "see that the database runs and can be reached; the same call then goes on where this one ended"
	case Misconfigured:
		return "check the URL, the user's rights and the free space of the database"
	case Busy:
		return "the same call may succeed now"
	}
	return ""
}

func classify(err error) (Class, string) {
	if errors.Is(err, context.Canceled) {
		return Canceled, ""
	}
	if p := pq.As(err); p != nil {
		return classifyPostgres(p)
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return classifySQLite(s)
	}
	var n net.Error
	if errors.As(err, &n) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Gone, ""
	}
	return Unknown, ""
}

func classifyPostgres(p *pq.Error) (Class, string) {
	switch code := string(p.Code); {
	case code == "23505":
		return Duplicate, p.Constraint
	case code == "57014":
		return Canceled, ""
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"), // data, integrity
		strings.HasPrefix(code, "54"), code == "P0001": // a value too large for an index; a trigger said no
		return Rejected, cmp.Or(p.Column, p.Constraint)
	case code == "40001", code == "40P01", code == "55P03":
		return Busy, ""
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"):
		return Gone, ""
	case strings.HasPrefix(code, "28"), strings.HasPrefix(code, "3D"), strings.HasPrefix(code, "42"),
		strings.HasPrefix(code, "25006"), strings.HasPrefix(code, "53"):
		return Misconfigured, ""
	}
	return Unknown, ""
}

func classifySQLite(s *sqlite.Error) (Class, string) {
	switch s.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return Duplicate, sqliteColumn(s.Error())
	case sqlite3.SQLITE_INTERRUPT:
		return Canceled, ""
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		return Rejected, "" // what follows is the trigger's own text
	}
	switch s.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return Rejected, sqliteColumn(s.Error())
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Busy, ""
	case sqlite3.SQLITE_IOERR:
		return Gone, ""
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT,
		sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL, sqlite3.SQLITE_ERROR:
		return Misconfigured, ""
	}
	return Unknown, ""
}

// sqliteColumn takes the column out of "… constraint failed: users.email (2067)",
// the only place where SQLite says it.
func sqliteColumn(msg string) string {
	_, on, _ := strings.Cut(msg[max(0, strings.LastIndex(msg, "constraint failed: ")):], "constraint failed: ")
	on, _, _ = strings.Cut(on, " ")
	if i := strings.LastIndex(on, "."); i >= 0 {
		on = on[i+1:]
	}
	return strings.Trim(on, ",:")
}
