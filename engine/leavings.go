package engine

import (
	"cmp"
	"context"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// leavings are what NocoBase's own engine keeps of a source and Roster does not
// know. Its races made several records of one uid and several rows of one
// record, and links outlive what they lead to; sorting the leavings settles
// which record and which row count. Temporary tables on the connection hold
// them:
//
//	left_record  the records whose uid Roster does not know
//	left_link    their links, to their rows ('row') and from people to departments ('claim'); row_id is null where that row is gone
//	left_pair    which of the rows that a uid leads to it may have, and by which link
//	left_best    the record that stays of each uid, and its row
//	left_held    whose a row is, of all uids that lead to it, one that Roster knows included
//	left_extra   the other records, and which stays in their place
//	left_moved   the claims that a record takes over from another
//	left_kept    the links that stay
type leavings struct {
	schema.Conn
	source  string
	types   []*Table
	which   string // SQL over t for which of NocoBase's records; empty for all
	records int    // how many records NocoBase has of the source
}

// A fill is a statement that fills a temporary table.
type fill struct {
	sql  string
	args []any
}

// table makes a temporary table and fills it.
func (l *leavings) table(ctx context.Context, name, columns string, fills ...fill) error {
	db := l.DB()
	if err := db.Temp(ctx, l.Conn, name, columns); err != nil {
		return err
	}
	for _, f := range fills {
		if _, err := l.Exec(ctx, `INSERT INTO `+name+` `+f.sql, f.args...); err != nil {
			return schema.Wrap(err, "fill "+name)
		}
	}
	return db.Analyze(ctx, l.Conn, l.records, name)
}

// sort settles what counts. It writes nothing but its own tables.
func (l *leavings) sort(ctx context.Context) error {
	return l.do(ctx, l.readRecords, l.readLinks, l.pair, l.chooseRecords, l.moveClaims, l.keepLinks)
}

// takeIn puts the records into the index and says how many. NocoBase's tables
// stay as they are, with what is there twice or leads nowhere: to clear that up
// is adopting's, which shows it first.
func (l *leavings) takeIn(ctx context.Context) (n int64, err error) {
	if err := l.do(ctx, l.readRecords, l.readLinks, l.pair, l.chooseRecords); err != nil {
		return 0, err
	}
	return l.index(ctx)
}

func (l *leavings) do(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *leavings) readRecords(ctx context.Context) error {
	return l.table(ctx, "left_record", l.DB().Key("id")+`, type text NOT NULL, uid text NOT NULL`, fill{`
		SELECT t.id, t.[dataType], t.[sourceUk] FROM {userDataSyncRecords} t
		WHERE t.[sourceName] = ? AND t.[sourceUk] <> '' AND t.[dataType] IN (` + l.typeList() + `) AND (` + cmp.Or(l.which, "1 = 1") + `)
		AND NOT EXISTS (SELECT 1 FROM {records} r WHERE r.uid = t.[sourceUk] AND r.source = t.[sourceName] AND r.type = t.[dataType])`, []any{l.source}})
}

// typeList lists the types as SQL has them between brackets.
func (l *leavings) typeList() string {
	var quoted []string
	for _, t := range l.types {
		quoted = append(quoted, "'"+string(t.Type)+"'")
	}
	return strings.Join(quoted, ", ")
}

func (l *leavings) readLinks(ctx context.Context) error {
	read := func(t *Table, kind, rows string) fill {
		return fill{sql: t.names(0, "<kind>", kind, "<linked>", rows).Replace(`
			SELECT k.id, a.id, a.type, a.uid, '<kind>', d.id
			FROM left_record a JOIN {userDataSyncRecordsResources} k ON k.[recordId] = a.id AND k.resource = '<linked>'
			LEFT JOIN {<linked>} d ON d.id = ` + number("k.[resourcePk]") + ` WHERE a.type = '<type>'`)}
	}
	var fills []fill
	for _, t := range l.types {
		fills = append(fills, read(t, "row", t.Name))
		if t.Name == "users" {
			fills = append(fills, read(t, "claim", "departments"))
		}
	}
	return l.table(ctx, "left_link", l.DB().Key("id")+`, record_id bigint NOT NULL, type text NOT NULL, uid text NOT NULL, kind text NOT NULL, row_id bigint`, fills...)
}

// number is SQL for the id that a text is, written as SQL writes it; null of
// any other text, which leads nowhere.
func number(pk string) string {
	return `CASE WHEN ltrim(` + pk + `, '0123456789') = '' AND ` + pk + ` <> '' AND ` + pk + ` NOT LIKE '0%' AND length(` + pk + `) < 19
		THEN CAST(` + pk + ` AS bigint) END`
}

// pair pairs uids and rows. Each takes the oldest of its rows; of several that
// want the same one, the oldest record has it and the others take the next of
// theirs, which may send others on in turn. So two records never stand for one
// row, and none goes without while a row of its own is free.
func (l *leavings) pair(ctx context.Context) error {
	if err := l.table(ctx, "left_pair", l.DB().Key("id")+`, type text NOT NULL, uid text NOT NULL, record_id bigint NOT NULL, row_id bigint NOT NULL`, fill{`
		SELECT id, type, uid, record_id, row_id FROM (
			SELECT k.*, row_number() OVER (PARTITION BY k.type, k.uid, k.row_id ORDER BY k.record_id, k.id) AS place
			FROM left_link k LEFT JOIN {records} r ON r.row_id = k.row_id AND r.type = k.type AND r.source = ?
			WHERE k.kind = 'row' AND k.row_id IS NOT NULL AND r.uid IS NULL) k
		WHERE place = 1`, []any{l.source}}); err != nil {
		return err
	}
	for {
		refused, err := l.Exec(ctx, `
			DELETE FROM left_pair WHERE id IN (
				SELECT id FROM (
					SELECT id, row_number() OVER (PARTITION BY type, row_id ORDER BY record_id) AS place
					FROM (SELECT p.*, row_number() OVER (PARTITION BY type, uid ORDER BY row_id) AS choice FROM left_pair p) wanted
					WHERE choice = 1) w
				WHERE place > 1)`)
		if err != nil || refused == 0 {
			return schema.Wrap(err, "pair records and rows")
		}
	}
}

// chooseRecords settles which record stays of each uid: the one that leads to
// its row, else the oldest.
func (l *leavings) chooseRecords(ctx context.Context) error {
	if err := l.table(ctx, "left_best", l.DB().Key("record_id")+`, type text NOT NULL, uid text NOT NULL, row_id bigint, link_id bigint`, fill{sql: `
		SELECT record_id, type, uid, row_id, link_id FROM (
			SELECT a.id AS record_id, a.type, a.uid, p.row_id, p.id AS link_id,
			       row_number() OVER (PARTITION BY a.type, a.uid ORDER BY CASE WHEN p.row_id IS NULL THEN 1 ELSE 0 END, p.row_id, a.id) AS place
			FROM left_record a LEFT JOIN left_pair p ON p.record_id = a.id) b
		WHERE place = 1`}); err != nil {
		return err
	}
	if err := l.table(ctx, "left_held", `type text NOT NULL, row_id bigint NOT NULL, uid text NOT NULL, record_id bigint NOT NULL`,
		fill{sql: `SELECT type, row_id, uid, record_id FROM left_best WHERE row_id IS NOT NULL`},
		fill{`SELECT r.type, r.row_id, min(r.uid), min(r.record_id) FROM {records} r
			JOIN (SELECT DISTINCT type, row_id FROM left_link WHERE kind = 'row') k ON k.row_id = r.row_id AND k.type = r.type
			WHERE r.source = ? GROUP BY r.type, r.row_id`, []any{l.source}}); err != nil {
		return err
	}
	return l.table(ctx, "left_extra", l.DB().Key("record_id")+`, type text NOT NULL, uid text NOT NULL, stays bigint NOT NULL, row_id bigint`, fill{sql: `
		SELECT a.id, a.type, a.uid, b.record_id, b.row_id FROM left_record a JOIN left_best b ON b.type = a.type AND b.uid = a.uid
		WHERE a.id <> b.record_id`})
}

// moveClaims hands the claims on what a row is a member of to the record that
// keeps the row, from those that led to it and do not: nobody else would end
// the membership.
func (l *leavings) moveClaims(ctx context.Context) error {
	if err := l.table(ctx, "left_heir", `record_id bigint NOT NULL, heir bigint NOT NULL, row_id bigint NOT NULL`, fill{sql: `
		SELECT record_id, stays, row_id FROM left_extra WHERE type = 'user' AND row_id IS NOT NULL
		UNION
		SELECT k.record_id, h.record_id, k.row_id FROM left_link k JOIN left_held h ON h.type = k.type AND h.row_id = k.row_id
		WHERE k.type = 'user' AND k.kind = 'row' AND h.uid <> k.uid`}); err != nil {
		return err
	}
	// CROSS JOIN holds SQLite to this order: most often nobody has an heir.
	return l.table(ctx, "left_moved", `record_id bigint NOT NULL, department_id bigint NOT NULL`, fill{sql: `
		SELECT DISTINCT i.heir, c.row_id
		FROM left_heir i CROSS JOIN left_link c CROSS JOIN {departmentsUsers} du CROSS JOIN {userDataSyncRecords} t
		WHERE c.record_id = i.record_id AND c.kind = 'claim' AND c.row_id IS NOT NULL
		AND du.[departmentId] = c.row_id AND du.[userId] = i.row_id AND t.id = i.heir
		AND NOT EXISTS (SELECT 1 FROM {userDataSyncRecordsResources} k WHERE k.[recordId] = i.heir AND k.resource = 'departments' AND k.[resourcePk] = CAST(c.row_id AS text))`})
}

// keepLinks keeps one link of each record to its row, and one to each
// department that it claims. Who has no row is a member of nothing.
func (l *leavings) keepLinks(ctx context.Context) error {
	return l.table(ctx, "left_kept", l.DB().Key("id")+`, kind text NOT NULL`,
		fill{sql: `SELECT link_id, 'row' FROM left_best WHERE link_id IS NOT NULL`},
		fill{sql: `SELECT min(k.id), 'claim' FROM left_link k JOIN left_best b ON b.record_id = k.record_id
			WHERE k.kind = 'claim' AND k.row_id IS NOT NULL AND b.row_id IS NOT NULL GROUP BY k.record_id, k.row_id`})
}

// write carries out what was settled: on NocoBase's records and links, and in
// Roster's index.
func (l *leavings) write(ctx context.Context, now string) error {
	steps := []Step{
		{What: "move claims", SQL: `
			INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
			SELECT ` + now + `, ` + now + `, record_id, 'departments', CAST(department_id AS text) FROM left_moved ORDER BY record_id, department_id`},
		// Rows of other plugins' resources are not ours to make duplicates of.
		{What: "move links of other resources", SQL: `
			UPDATE {userDataSyncRecordsResources} AS t SET [recordId] = m.stays
			FROM (SELECT min(k.id) AS id, e.stays FROM left_extra e
			      JOIN {userDataSyncRecordsResources} k ON k.[recordId] = e.record_id AND k.resource NOT IN ('users', 'departments')
			      LEFT JOIN {userDataSyncRecordsResources} o ON o.[recordId] = e.stays AND o.resource = k.resource
			      WHERE o.id IS NULL GROUP BY e.stays, k.resource) m
			WHERE t.id = m.id`},
		{What: "remove links that lead nowhere or are there twice", SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE id IN (
				SELECT k.id FROM left_link k LEFT JOIN left_kept o ON o.id = k.id WHERE o.id IS NULL)`},
		{What: "remove links of duplicates", SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE [recordId] IN (SELECT record_id FROM left_extra)`},
		{What: "remove duplicates", SQL: `DELETE FROM {userDataSyncRecords} WHERE id IN (SELECT record_id FROM left_extra)`},
	}
	for _, s := range steps {
		if _, err := l.Exec(ctx, s.SQL, s.Args...); err != nil {
			return schema.Wrap(err, s.What)
		}
	}
	_, err := l.index(ctx)
	return err
}

// older is SQL for: row u was there before record t, or nobody knows since when.
// NocoBase saves the record first and then makes its row.
const older = `(u.id IS NOT NULL AND (u.[createdAt] IS NULL OR u.[createdAt] < t.[createdAt]))`

// index puts the records that stay into Roster's index.
func (l *leavings) index(ctx context.Context) (all int64, err error) {
	for _, t := range l.types {
		n, err := l.Exec(ctx, t.names(0).Replace(`
			INSERT INTO {records} (uid, source, type, record_id, row_id, adopted, digest, memberships, record_updated_at, seen_at)
			SELECT b.uid, ?, b.type, b.record_id, b.row_id, `+older+`, '', '', t.[updatedAt], t.[updatedAt]
			FROM left_best b JOIN {userDataSyncRecords} t ON t.id = b.record_id LEFT JOIN {<rows>} u ON u.id = b.row_id
			WHERE b.type = '<type>'`), l.source)
		if err != nil {
			return all, schema.Wrap(err, "index the records")
		}
		all += n
	}
	return all, nil
}
