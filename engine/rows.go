package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// release clears, in rows whose unique values change hands, what they let go
// of: no order of single updates could swap two.
func (c *Chunk) release(ctx context.Context) error {
	for _, col := range c.layout.unique() {
		q := col.SQL()
		_, err := c.Exec(ctx, `UPDATE {<rows>} AS t SET `+q+` = NULL FROM {<plan>} p
			WHERE <chunk> AND t.id = p._row_id AND `+c.States(col.Name)+` AND t.`+q+` IS DISTINCT FROM p.`+q)
		if err != nil {
			return schema.Wrap(err, "release values of "+col.Name)
		}
	}
	return nil
}

// compare locks the rows that the chunk writes, in the order of their ids, and
// sets aside the items whose rows somebody has changed since they were planned,
// or has come to claim, hold or let go, with those who exchange values with them.
// They are planned again.
func (c *Chunk) compare(ctx context.Context) error {
	ids := `SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op NOT IN ('create', 'touch', 'keep')`
	when := []string{"update", "link", "delete", "disable", "unlink"}
	if c.layout.Besides != "" && c.Has("delete", "derived") {
		ids, when = ids+` UNION `+c.layout.Besides, nil
	}
	if err := c.Lock(ctx, Step{
		What: "lock rows of " + c.layout.Name, When: when,
		SQL: `SELECT t.id FROM {<rows>} t WHERE t.id IN (` + ids + `) ORDER BY t.id ` + c.DB().ForUpdate("t", c.Has("delete")),
	}); err != nil {
		return err
	}
	others := `EXISTS (SELECT 1 FROM {records} o WHERE o.row_id = p._row_id AND o.type = '<type>' AND o.source <> ? AND o.removed IS NULL)`
	err := c.Run(ctx,
		Step{What: "set aside rows that changed", When: []string{"update", "link", "disable", "unlink", "delete"}, SQL: `
			UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale'
			WHERE <chunk> AND p._row_id IS NOT NULL AND p._op NOT IN ('create', 'touch', 'keep')
			AND NOT EXISTS (SELECT 1 FROM {<rows>} t WHERE t.id = p._row_id AND t.[updatedAt] IS NOT DISTINCT FROM p._row_at)`},
		Step{What: "set aside rows that others claim", When: []string{"delete", "disable"}, Args: []any{c.Source}, SQL: `
			UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale'
			WHERE <chunk> AND p._op IN ('delete', 'disable') AND ` + others},
		Step{What: "set aside rows that others claim no more", When: []string{"unlink"}, Args: []any{c.Source}, SQL: `
			UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale'
			WHERE <chunk> AND p._op = 'unlink' AND p._reason LIKE '%` + shared + `' AND NOT ` + others})
	if err != nil {
		return err
	}
	if err := c.hold(ctx); err != nil {
		return err
	}
	return c.Run(ctx,
		Step{What: "set aside who exchanges values with them", When: []string{"exchange"}, SQL: `
			UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale' WHERE <chunk> AND p._circle IN (
				SELECT o._circle FROM {<plan>} o WHERE o._run = <run> AND o._n < 0 AND o._op = 'stale')`})
}

// holdDepartments has the departments that people of the chunk come into stay
// until it is committed: whoever removes one meanwhile waits, and finds the new
// members to remove with it. It comes before the people's own rows are locked, as in the
// writing of departments, so that the two never wait for each other. Of those
// that have gone already the chunk is told.
func (c *Chunk) holdDepartments(ctx context.Context) error {
	if c.Type != plugin.User || !c.Has("membership add", "membership restore", "membership claim", "membership adopt") {
		return nil
	}
	const into = `SELECT m.department_id FROM {<plan>} p JOIN {plan_memberships} m ON <members>
		WHERE <chunk> AND m._op IN ('add', 'restore', 'claim', 'adopt')`
	var unmade []bool
	err := c.Select(ctx, &unmade, `
		WITH held AS (SELECT d.id FROM {departments} d WHERE d.id IN (`+into+`) ORDER BY d.id `+c.DB().ForKeyShare("d")+`)
		SELECT EXISTS (SELECT 1 FROM (`+into+`) i WHERE i.department_id NOT IN (SELECT id FROM held))`)
	if err == nil {
		c.facts["unmade"] = unmade[0]
	}
	return schema.Wrap(err, "hold the departments that people come into")
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
	var columns, values strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.layout.New)) {
		if c.layout.column(name) != nil {
			continue // below, where the record states nothing
		}
		columns.WriteString(", " + c.DB().Column(name))
		values.WriteString(", " + c.layout.New[name])
	}
	stated := c.layout.each("", func(col *schema.Column) string {
		value := "p." + col.SQL()
		otherwise := cmp.Or(c.layout.New[col.Name], col.Default)
		if otherwise == "" {
			return ", " + value
		}
		return ", CASE WHEN " + c.States(col.Name) + " THEN " + value + " ELSE " + otherwise + " END"
	})
	return `INSERT INTO {<rows>} (id, [createdAt], [updatedAt]` + columns.String() + c.layout.quoted("") + `)
		SELECT p._row_id, <now>, <now>` + values.String() + stated + `
		FROM {<plan>} p WHERE <chunk> AND p._op = 'create' ORDER BY p._row_id`
}

// updateSQL writes the columns that the record states, and no others.
func (c *Chunk) updateSQL() string {
	set := c.layout.each("", func(col *schema.Column) string {
		q := col.SQL()
		return ", " + q + " = CASE WHEN " + c.States(col.Name) + " THEN p." + q + " ELSE t." + q + " END"
	})
	return `UPDATE {<rows>} AS t SET [updatedAt] = <now>` + set + `
		FROM {<plan>} p WHERE <chunk> AND p._changed <> '' AND t.id = p._row_id`
}

// writeRecords keeps the records as received in NocoBase's own table, links
// them to their rows, and brings Roster's index up to date. What the index says
// of when a record was written is when we did, or what was verified: another
// who wrote it since the plan was made is noticed by the next run.
func (c *Chunk) writeRecords(ctx context.Context) error {
	json := c.DB().JSON("p._raw")
	return c.Run(ctx,
		Step{What: "keep new records", When: []string{"create", "link"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {userDataSyncRecords} (id, [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType], [metaData])
			SELECT p._record_id, <now>, <now>, ?, p._uid, '<type>', ` + json + `
			FROM {<plan>} p WHERE <chunk> AND p._fresh`},
		Step{What: "keep changed records", When: []string{"update", "touch", "relink", "delete", "disable", "unlink", "keep"}, SQL: `
			UPDATE {userDataSyncRecords} AS t SET [lastMetaData] = t.[metaData], [metaData] = ` + json + `, [updatedAt] = <now>
			FROM {<plan>} p WHERE <chunk> AND NOT p._fresh AND p._digest IS NOT NULL
			AND t.id = p._record_id AND CAST(t.[metaData] AS text) IS DISTINCT FROM p._raw`},
		Step{What: "drop links of records that are gone", When: []string{"delete", "unlink"}, SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE resource NOT IN (SELECT target FROM {feeds}) AND [recordId] IN (
				SELECT p._record_id FROM {<plan>} p WHERE <chunk> AND p._op IN ('delete', 'unlink'))`},
		Step{What: "drop links to rows that are gone", When: []string{"relink"}, SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE resource = '<rows>' AND [recordId] IN (
				SELECT p._record_id FROM {<plan>} p WHERE <chunk> AND p._op IN ('create', 'link') AND NOT p._fresh)`},
		Step{What: "link records to rows", When: []string{"create", "link"}, SQL: `
			INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
			SELECT <now>, <now>, p._record_id, '<rows>', CAST(p._row_id AS text)
			FROM {<plan>} p WHERE <chunk> AND p._op IN ('create', 'link')`},
		Step{What: "index the records", When: []string{"create", "link", "update", "touch"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {records} AS r (uid, source, type, record_id, row_id, adopted, digest, memberships, row_updated_at, record_updated_at, seen_at)
			SELECT p._uid, ?, '<type>', p._record_id, p._row_id,
			       p._op = 'link' AND NOT EXISTS (SELECT 1 FROM {records} o WHERE o.row_id = p._row_id AND o.type = '<type>' AND NOT o.adopted),
			       coalesce(p._digest, ''), coalesce(p._memberships, ''),
			       CASE WHEN p._op = 'create' OR p._changed <> '' THEN <now> ELSE (SELECT t.[updatedAt] FROM {<rows>} t WHERE t.id = p._row_id) END,
			       CASE WHEN p._fresh THEN <now> ELSE (SELECT t.[updatedAt] FROM {userDataSyncRecords} t WHERE t.id = p._record_id) END, <arrived>
			FROM {<plan>} p WHERE <chunk> AND p._op NOT IN (` + removals + `)
			ON CONFLICT (uid, source, type) DO UPDATE SET
			       record_id = excluded.record_id, row_id = excluded.row_id, removed = NULL, before = NULL,
			       adopted = CASE WHEN r.row_id = excluded.row_id THEN r.adopted ELSE excluded.adopted END,
			       digest = CASE WHEN excluded.digest = '' THEN r.digest ELSE excluded.digest END,
			       memberships = CASE WHEN excluded.memberships = '' AND r.row_id = excluded.row_id THEN r.memberships ELSE excluded.memberships END,
			       row_updated_at = excluded.row_updated_at, seen_at = excluded.seen_at,
			       record_updated_at = CASE WHEN excluded.record_updated_at = <now> THEN excluded.record_updated_at ELSE r.record_updated_at END`},
		Step{What: "index the records that are gone", When: []string{"delete", "disable", "unlink", "keep"}, Args: []any{c.Source}, SQL: `
			UPDATE {records} AS r SET seen_at = <arrived>,
			       record_updated_at = coalesce((SELECT t.[updatedAt] FROM {userDataSyncRecords} t WHERE t.id = p._record_id AND t.[updatedAt] = <now>), r.record_updated_at),
			       before = coalesce(p._before, r.before),
			       removed = CASE p._op WHEN 'delete' THEN 'deleted' WHEN 'disable' THEN 'disabled' WHEN 'unlink' THEN 'unlinked' ELSE 'kept' END,
			       row_id = CASE WHEN p._op = 'delete' THEN NULL ELSE p._row_id END,
			       memberships = CASE WHEN p._op IN ('delete', 'unlink') THEN '' ELSE r.memberships END
			FROM {<plan>} p WHERE <chunk> AND p._op IN (` + removals + `) AND r.uid = p._uid AND r.source = ? AND r.type = '<type>'`},
		Step{What: "forget what records that are gone awaited", When: []string{"delete", "unlink"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {pending} WHERE source = ? AND type = '<type>' AND uid IN (
				SELECT p._uid FROM {<plan>} p WHERE <chunk> AND p._op IN ('delete', 'unlink'))`})
}
