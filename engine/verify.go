package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// The index is never believed against NocoBase's tables: its engine writes them
// as well, operators edit them, and a backup brings back what they were. Before
// a record is planned, its entry is held against them:
//
//   - the sync record it names is there, and is of the same source, uid and type;
//   - nobody has written that record since we did;
//   - its link leads to the row that the entry stands for.

// A tally counts what became of entries that did not hold.
type tally struct {
	Forgotten int64 // NocoBase keeps no such record
	Corrected int64 // it was written since, or stands for another row
	TakenIn   int64 // records that the index did not have
}

func (t *tally) add(o tally) {
	t.Forgotten += o.Forgotten
	t.Corrected += o.Corrected
	t.TakenIn += o.TakenIn
}

// A verifier holds entries of one source and type against NocoBase's tables:
// those for which which, SQL over r, holds. Temporary tables have what it finds:
//
//	misled  the entries that do not hold; gone: their record is not there
//	led     of those whose record is, the row that they stand for by their links
type verifier struct {
	schema.Conn
	source string
	table  *Table
	which  string
}

// gone is SQL for: there is no record t that entry r could name.
const gone = `(t.id IS NULL OR t.[sourceUk] <> r.uid OR t.[sourceName] <> r.source OR t.[dataType] <> r.type)`

// misfits is SQL for what the entries that do not hold are found in.
const misfits = `
	FROM {records} r
	LEFT JOIN {userDataSyncRecords} t ON t.id = r.record_id
	LEFT JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.record_id AND k.resource = '<rows>'
	WHERE r.source = ? AND r.type = '<type>' AND (<which>)
	AND (` + gone + ` OR t.[updatedAt] IS DISTINCT FROM r.record_updated_at
	     OR k.[resourcePk] IS DISTINCT FROM CASE WHEN r.removed IN ('deleted', 'unlinked') THEN NULL ELSE CAST(r.row_id AS text) END)`

// verify corrects the entries that do not hold. It writes nothing but Roster's
// own tables, and in the normal case nothing at all.
func (v *verifier) verify(ctx context.Context) (n tally, err error) {
	var there bool
	if err := v.Get(ctx, &there, v.sql(`SELECT EXISTS (SELECT 1 `+misfits+`)`), v.source); err != nil || !there {
		return n, schema.Wrap(err, "hold the index against NocoBase's tables")
	}
	if err := v.fill(ctx, "misled", `record_id bigint NOT NULL, uid text NOT NULL, gone boolean NOT NULL`,
		`SELECT DISTINCT r.record_id, r.uid, `+gone+misfits, v.source); err != nil {
		return n, err
	}
	if n.Forgotten, n.TakenIn, err = v.forget(ctx); err != nil {
		return n, err
	}
	n.Corrected, err = v.follow(ctx)
	return n, err
}

func (v *verifier) sql(q string) string {
	return v.table.names(0, "<which>", v.which).Replace(q)
}

// fill makes a temporary table of what q selects.
func (v *verifier) fill(ctx context.Context, name, columns, q string, args ...any) error {
	if err := v.DB().Temp(ctx, v.Conn, name, columns); err != nil {
		return err
	}
	if _, err := v.Exec(ctx, v.sql(`INSERT INTO `+name+` `+q), args...); err != nil {
		return schema.Wrap(err, "fill "+name)
	}
	return v.DB().Analyze(ctx, v.Conn, 0, name)
}

// forget forgets entries without a record, and takes in what NocoBase keeps of
// their uids under another id.
func (v *verifier) forget(ctx context.Context) (forgotten, takenIn int64, err error) {
	const lost = `uid IN (SELECT uid FROM misled WHERE gone)`
	forgotten, err = v.Exec(ctx, v.sql(`DELETE FROM {records} WHERE source = ? AND type = '<type>' AND `+lost), v.source)
	if err != nil || forgotten == 0 {
		return 0, 0, schema.Wrap(err, "forget records that NocoBase does not keep")
	}
	l := &leavings{Conn: v.Conn, source: v.source, types: []*Table{v.table}, which: `t.[sourceUk] IN (SELECT uid FROM misled WHERE gone)`}
	if takenIn, err = l.takeIn(ctx); err != nil {
		return 0, 0, err
	}
	_, err = v.Exec(ctx, v.sql(`DELETE FROM {pending} WHERE source = ? AND type = '<type>' AND `+lost+`
		AND NOT EXISTS (SELECT 1 FROM {records} r WHERE r.uid = {pending}.uid AND r.source = {pending}.source AND r.type = {pending}.type)`), v.source)
	return forgotten, takenIn, schema.Wrap(err, "forget what they awaited")
}

// follow has entries stand for the rows that their links lead to. Of several
// rows the one they stood for stays, else the oldest; a row is one record's of
// the source, and the older record's. They are compared anew.
func (v *verifier) follow(ctx context.Context) (int64, error) {
	if err := v.fill(ctx, "led", v.DB().Key("record_id")+`, row_id bigint NOT NULL`, `
		SELECT record_id, row_id FROM (
			SELECT w.record_id, w.row_id, row_number() OVER (PARTITION BY w.row_id ORDER BY w.record_id) AS place FROM (
				SELECT m.record_id, u.id AS row_id,
				       row_number() OVER (PARTITION BY m.record_id ORDER BY CASE WHEN u.id = r.row_id THEN 0 ELSE 1 END, u.id) AS place
				FROM misled m JOIN {records} r ON r.uid = m.uid AND r.source = ? AND r.type = '<type>'
				JOIN {userDataSyncRecordsResources} k ON k.[recordId] = m.record_id AND k.resource = '<rows>'
				JOIN {<rows>} u ON u.id = `+number("k.[resourcePk]")+`
				WHERE NOT m.gone AND NOT EXISTS (
					SELECT 1 FROM {records} o JOIN {userDataSyncRecordsResources} h ON h.[recordId] = o.record_id
					WHERE o.row_id = u.id AND o.type = '<type>' AND o.source = r.source AND o.uid <> r.uid AND o.removed IS NULL
					AND h.resource = '<rows>' AND h.[resourcePk] = k.[resourcePk])) w
			WHERE w.place = 1) f
		WHERE f.place = 1`, v.source); err != nil {
		return 0, err
	}
	// Where the link dangles, or is not to be, the entry goes on saying which row it was.
	const (
		row = `CASE WHEN f.row_id IS NOT NULL THEN f.row_id
			WHEN q.removed IN ('deleted', 'unlinked') OR EXISTS (
				SELECT 1 FROM {userDataSyncRecordsResources} k WHERE k.[recordId] = q.record_id AND k.resource = '<rows>' AND k.[resourcePk] = CAST(q.row_id AS text)
			) AND NOT EXISTS (SELECT 1 FROM {<rows>} u WHERE u.id = q.row_id) THEN q.row_id END`
		turned = `(f.row_id IS NOT NULL AND (f.row_id IS DISTINCT FROM q.row_id OR coalesce(q.removed IN ('deleted', 'unlinked'), false)))`
	)
	n, err := v.Exec(ctx, v.sql(`
		UPDATE {records} AS r SET row_id = c.row_id, digest = '', memberships = '', record_updated_at = c.at,
		       removed = CASE WHEN c.turned THEN NULL ELSE r.removed END, before = CASE WHEN c.turned THEN NULL ELSE r.before END,
		       adopted = CASE WHEN c.turned THEN c.older ELSE r.adopted END
		FROM (SELECT q.uid, t.[updatedAt] AS at, `+row+` AS row_id, `+turned+` AS turned, `+older+` AS older
		      FROM misled m JOIN {userDataSyncRecords} t ON t.id = m.record_id
		      JOIN {records} q ON q.uid = m.uid AND q.source = t.[sourceName] AND q.type = t.[dataType]
		      LEFT JOIN led f ON f.record_id = m.record_id LEFT JOIN {<rows>} u ON u.id = f.row_id
		      WHERE NOT m.gone) c
		WHERE r.uid = c.uid AND r.source = ? AND r.type = '<type>'
		AND (c.turned OR c.row_id IS DISTINCT FROM r.row_id OR c.at IS DISTINCT FROM r.record_updated_at)`), v.source)
	return n, schema.Wrap(err, "follow the links of records")
}

// lots is how many records make it worth to verify a whole source at once.
const lots = 10_000

// verifyStaged verifies the entries that the plan of a type is about to rest
// on: those of the records, and those of the departments that they name. Of
// lots of records the whole source has been, see reconcile.
func (p *Plan) verifyStaged(ctx context.Context) error {
	if p.records >= lots {
		return nil
	}
	named := `SELECT _parent FROM staged_department`
	if p.Type == plugin.User {
		named = `SELECT uid FROM staged_membership`
		if err := p.Analyze(ctx, "staged_membership"); err != nil { // or PostgreSQL reads all departments to find one
			return err
		}
	}
	for _, t := range p.run.engine.types() {
		var of []string
		if t.Type == p.Type {
			of = append(of, `SELECT uid FROM staged_`+string(t.Type))
		}
		if t.Type == plugin.Department {
			of = append(of, named)
		}
		if len(of) == 0 {
			continue
		}
		v := &verifier{Conn: p.Conn, source: p.Source, table: t, which: `r.uid IN (` + strings.Join(of, ` UNION `) + `)`}
		if _, err := v.verify(ctx); err != nil {
			return err
		}
	}
	return nil
}

// verifySource verifies all entries of a source.
func verifySource(ctx context.Context, x schema.Conn, types []*Table, source string) (all tally, err error) {
	for _, t := range types {
		v := &verifier{Conn: x, source: source, table: t, which: "1 = 1"}
		n, err := v.verify(ctx)
		if err != nil {
			return all, fmt.Errorf("%s: %w", t.Type, err)
		}
		all.add(n)
	}
	return all, nil
}
