package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A sourceRow is a row of NocoBase's userDataSyncSources.
type sourceRow struct {
	ID          int64
	Name        string
	SourceType  string `db:"source_type"`
	DisplayName string `db:"display_name"`
	Enabled     bool
	Options     string           // as JSON; secrets are encrypted, unless NocoBase has written them
	CreatedAt   schema.Timestamp `db:"created_at"`
	UpdatedAt   schema.Timestamp `db:"updated_at"`
}

const sourceColumns = `
	SELECT s.id, s.name, s.[sourceType] AS source_type, coalesce(s.[displayName], '') AS display_name, coalesce(s.enabled, false) AS enabled,
	       coalesce(CAST(s.options AS text), '{}') AS options, s.[createdAt] AS created_at, s.[updatedAt] AS updated_at
	FROM {userDataSyncSources} s `

// sourceRow reads the row of a source. The error is of kind NotFound when there
// is none.
func (e *Engine) sourceRow(ctx context.Context, x schema.Conn, name, lock string) (*sourceRow, error) {
	var row sourceRow
	err := x.Get(ctx, &row, sourceColumns+`WHERE s.name = ? `+lock, name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/name", Msg: fmt.Sprintf("there is no source %.64q", name), Hint: "roster sources, or sources/list, lists them"}
	}
	return &row, schema.Wrap(err, "read a source")
}

// sourceRows reads the rows of all sources by name.
func (e *Engine) sourceRows(ctx context.Context, x schema.Conn) ([]sourceRow, error) {
	var rows []sourceRow
	err := x.Select(ctx, &rows, sourceColumns+`ORDER BY s.name`)
	return rows, schema.Wrap(err, "list the sources")
}

// insert adds the row, without its options, and sets its id: secrets are
// encrypted for it.
func (row *sourceRow) insert(ctx context.Context, x schema.Conn) error {
	err := x.Get(ctx, &row.ID, `
		INSERT INTO {userDataSyncSources} ([createdAt], [updatedAt], name, [sourceType], [displayName], enabled, options, sort)
		SELECT `+x.DB().Now(0)+`, `+x.DB().Now(0)+`, ?, ?, ?, CAST(? AS boolean), `+x.DB().JSON("'{}'")+`, coalesce(max(sort), 0) + 1 FROM {userDataSyncSources} RETURNING id`,
		row.Name, row.SourceType, row.DisplayName, row.Enabled)
	return nameTaken(row.Name, schema.Wrap(err, "add a source"))
}

// update writes what may change of the row.
func (row *sourceRow) update(ctx context.Context, x schema.Conn) error {
	_, err := x.Exec(ctx, `
		UPDATE {userDataSyncSources} SET [updatedAt] = `+x.DB().Now(0)+`, name = ?, [displayName] = ?, enabled = ?, options = `+x.DB().JSON("?")+` WHERE id = ?`,
		row.Name, row.DisplayName, row.Enabled, row.Options, row.ID)
	return nameTaken(row.Name, schema.Wrap(err, "change a source"))
}

// nameTaken says of a duplicate what it is of.
func nameTaken(name string, err error) error {
	if err != nil && schema.ClassOf(err) == schema.Duplicate {
		return taken(name, "there is a source of that name already")
	}
	return err
}

func taken(name, why string) error {
	return &plugin.Error{Kind: plugin.Conflict, Path: "/name", Msg: fmt.Sprintf("no source can be called %.64q: %s", name, why), Hint: "choose another name"}
}

// disabled is the answer to whoever brings records to a source that is not
// enabled.
func disabled(source string) error {
	return &plugin.Error{
		Kind: plugin.Config, Path: "/sourceName", Msg: fmt.Sprintf("source %.64s is disabled", source),
		Hint: "enable it first: roster sources enable, sources/update, or NocoBase's panel",
	}
}

// place says where a secret of the source stands, for its encryption.
func (row *sourceRow) place(pointer string) string {
	return strconv.FormatInt(row.ID, 10) + ":" + pointer
}
