package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// release clears, in rows whose unique values change hands, what they let go
// of: no order of single updates could swap two.
func (c *Chunk) release(ctx context.Context) error {
	for _, col := range c.layout.unique() {
		q := schema.Quote(col.Name)
		_, err := c.Exec(ctx, `UPDATE {<rows>} AS t SET `+q+` = NULL FROM {<plan>} p
			WHERE <chunk> AND t.id = p._row_id AND `+c.States(col.Name)+` AND t.`+q+` IS DISTINCT FROM p.`+q)
		if err != nil {
			return schema.Wrap(err, "release values of "+col.Name)
		}
	}
	return nil
}

// writeRows creates and updates the rows of the chunk's items.
func (c *Chunk) writeRows(ctx context.Context) error {
	return c.Run(ctx,
		Step{What: "create rows of " + c.layout.Name, When: []string{"create"}, SQL: c.createSQL()},
		Step{What: "update rows of " + c.layout.Name, When: []string{"changed"}, SQL: c.updateSQL()})
}

// createSQL inserts new rows: what the record states, and the column's default
// where it states nothing.
func (c *Chunk) createSQL() string {
	names := slices.Sorted(maps.Keys(c.layout.New))
	var columns, values strings.Builder
	for _, name := range names {
		columns.WriteString(", " + schema.Quote(name))
		values.WriteString(", " + c.layout.New[name])
	}
	stated := c.layout.each("", func(col *schema.Column) string {
		value := "p." + schema.Quote(col.Name)
		if col.Default == "" {
			return ", " + value
		}
		return ", CASE WHEN " + c.States(col.Name) + " THEN " + value + " ELSE " + col.Default + " END"
	})
	return `INSERT INTO {<rows>} (id, [createdAt], [updatedAt]` + columns.String() + c.layout.quoted("") + `)
		SELECT p._row_id, <now>, <now>` + values.String() + stated + `
		FROM {<plan>} p WHERE <chunk> AND p._op = 'create' ORDER BY p._row_id`
}

// updateSQL writes the columns that the record states, and no others.
func (c *Chunk) updateSQL() string {
	set := c.layout.each("", func(col *schema.Column) string {
		q := schema.Quote(col.Name)
		return ", " + q + " = CASE WHEN " + c.States(col.Name) + " THEN p." + q + " ELSE t." + q + " END"
	})
	return `UPDATE {<rows>} AS t SET [updatedAt] = <now>` + set + `
		FROM {<plan>} p WHERE <chunk> AND p._changed <> '' AND t.id = p._row_id`
}

// writeRecords keeps the records as received in NocoBase's own table, links
// them to their rows, and brings Roster's index up to date.
func (c *Chunk) writeRecords(ctx context.Context) error {
	json := c.DB().JSON("p._raw")
	return c.Run(ctx,
		Step{What: "keep new records", When: []string{"create", "link"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {userDataSyncRecords} (id, [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType], [metaData])
			SELECT p._record_id, <now>, <now>, ?, p._uid, '<type>', ` + json + `
			FROM {<plan>} p WHERE <chunk> AND p._fresh`},
		Step{What: "keep changed records", When: []string{"update", "touch", "relink"}, SQL: `
			UPDATE {userDataSyncRecords} AS t SET [lastMetaData] = t.[metaData], [metaData] = ` + json + `, [updatedAt] = <now>
			FROM {<plan>} p WHERE <chunk> AND NOT p._fresh AND p._digest IS NOT NULL
			AND t.id = p._record_id AND CAST(t.[metaData] AS text) IS DISTINCT FROM p._raw`},
		Step{What: "drop links to rows that are gone", When: []string{"relink"}, SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE resource = '<rows>' AND [recordId] IN (
				SELECT p._record_id FROM {<plan>} p WHERE <chunk> AND p._op IN ('create', 'link') AND NOT p._fresh)`},
		Step{What: "link records to rows", When: []string{"create", "link"}, SQL: `
			INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
			SELECT <now>, <now>, p._record_id, '<rows>', CAST(p._row_id AS text)
			FROM {<plan>} p WHERE <chunk> AND p._op IN ('create', 'link')`},
		Step{What: "index the records", Args: []any{c.Source}, SQL: `
			INSERT INTO {records} AS r (uid, source, type, record_id, row_id, adopted, digest, memberships, row_updated_at, seen_at)
			SELECT p._uid, ?, '<type>', p._record_id, p._row_id, p._op = 'link',
			       coalesce(p._digest, ''), coalesce(p._memberships, ''),
			       CASE WHEN p._op = 'create' OR p._changed <> '' THEN <now> ELSE (SELECT t.[updatedAt] FROM {<rows>} t WHERE t.id = p._row_id) END, <now>
			FROM {<plan>} p WHERE <chunk>
			ON CONFLICT (uid, source, type) DO UPDATE SET
			       record_id = excluded.record_id, row_id = excluded.row_id,
			       adopted = CASE WHEN r.row_id = excluded.row_id THEN r.adopted ELSE excluded.adopted END,
			       digest = CASE WHEN excluded.digest = '' THEN r.digest ELSE excluded.digest END,
			       memberships = CASE WHEN excluded.memberships = '' THEN r.memberships ELSE excluded.memberships END,
			       row_updated_at = excluded.row_updated_at, seen_at = excluded.seen_at`})
}
