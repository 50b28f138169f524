package engine

import (
	"context"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A problem is one kind of finding: in SQL, who has it, as the columns
//
//	type, uid, record_id, row (that the finding is about), own (the row the record keeps), other (a uid, or a number of records)
//
// and in words.
type problem struct {
	says string
	does func(found) string
	sql  string
	args []any
}

// found is a row of a problem's SQL.
type found struct {
	Place                      int
	Type, UID, Row, Own, Other string
	Record                     int64 `db:"record_id"`
}

// problems are the kinds of findings, the gravest first.
func (l *leavings) problems() []problem {
	return []problem{
		{"its row stands for another record of the source", func(f found) string {
			if f.Own != "" {
				return "row " + f.Row + " stays with " + f.Other + "; this record keeps row " + f.Own
			}
			return "row " + f.Row + " stays with " + f.Other + "; this record has none until it is pushed again"
		}, `
			SELECT DISTINCT k.type, k.uid, b.record_id, CAST(k.row_id AS text), coalesce(CAST(b.row_id AS text), ''), h.uid
			FROM left_link k JOIN left_held h ON h.type = k.type AND h.row_id = k.row_id JOIN left_best b ON b.type = k.type AND b.uid = k.uid
			WHERE k.kind = 'row' AND h.uid <> k.uid`, nil},
		{"a further row was made of the record", func(f found) string {
			return "row " + f.Own + ", the oldest, stays the record's; merge row " + f.Row + " into it by hand"
		}, `
			SELECT DISTINCT k.type, k.uid, b.record_id, CAST(k.row_id AS text), CAST(b.row_id AS text), ''
			FROM left_link k JOIN left_best b ON b.type = k.type AND b.uid = k.uid LEFT JOIN left_held h ON h.type = k.type AND h.row_id = k.row_id
			WHERE k.kind = 'row' AND k.row_id IS NOT NULL AND h.uid IS NULL`, nil},
		{"NocoBase keeps the record more than once", func(f found) string {
			stays := "the oldest"
			if f.Own != "" {
				stays = "the one with row " + f.Own
			}
			return stays + " stays; " + f.Other + " more and their links are removed"
		}, `
			SELECT type, uid, stays, '', coalesce(CAST(row_id AS text), ''), CAST(count(*) AS text) FROM left_extra GROUP BY type, uid, stays, row_id`, nil},
		{"Roster knows the record by another entry of NocoBase's", func(found) string {
			return "nothing: both are left as they are, and Roster's counts"
		}, `
			SELECT r.type, r.uid, r.record_id, '', '', '' FROM {userDataSyncRecords} t
			JOIN {records} r ON r.uid = t.[sourceUk] AND r.source = t.[sourceName] AND r.type = t.[dataType]
			WHERE t.[sourceName] = ? AND t.id <> r.record_id GROUP BY r.type, r.uid, r.record_id`, []any{l.source}},
		{"a record has no uid", func(f found) string {
			return "nothing: no push can speak of record " + strconv.FormatInt(f.Record, 10)
		}, `
			SELECT t.[dataType], '', t.id, '', '', '' FROM {userDataSyncRecords} t
			WHERE t.[sourceName] = ? AND t.[dataType] IN (` + l.typeList() + `) AND coalesce(t.[sourceUk], '') = ''`, []any{l.source}},
		{"its row is gone", func(found) string {
			return "the link is removed; a push that brings the record makes a row again"
		}, `
			SELECT b.type, b.uid, b.record_id, coalesce(t.[resourcePk], ''), '', ''
			FROM left_best b JOIN (` + led + `) k ON k.type = b.type AND k.uid = b.uid JOIN {userDataSyncRecordsResources} t ON t.id = k.id
			WHERE b.row_id IS NULL AND k.living IS NULL`, nil},
		{"it never had a row", func(found) string {
			return "a push that brings the record finds or makes one"
		}, `
			SELECT b.type, b.uid, b.record_id, '', '', '' FROM left_best b LEFT JOIN (` + led + `) k ON k.type = b.type AND k.uid = b.uid
			WHERE b.row_id IS NULL AND k.id IS NULL`, nil},
		{"a department that it was put into is gone", func(found) string {
			return "the claim on the membership is removed"
		}, `
			SELECT DISTINCT k.type, k.uid, b.record_id, coalesce(t.[resourcePk], ''), CAST(b.row_id AS text), ''
			FROM left_link k JOIN left_best b ON b.record_id = k.record_id JOIN {userDataSyncRecordsResources} t ON t.id = k.id
			WHERE k.kind = 'claim' AND k.row_id IS NULL AND b.row_id IS NOT NULL`, nil},
	}
}

// led is SQL for whether the records of a uid led to a row, and to a living one.
const led = `SELECT type, uid, min(id) AS id, max(row_id) AS living FROM left_link WHERE kind = 'row' GROUP BY type, uid`

// adoption says what was settled: counts, and what an operator should know.
func (l *leavings) adoption(ctx context.Context) (*Adoption, error) {
	a := &Adoption{Source: l.source, Counts: map[plugin.Type]AdoptedCounts{}, Problems: []Problem{}, Findings: []Finding{}, Others: []string{}}
	for _, t := range l.types {
		c, err := l.count(ctx, t)
		if err != nil {
			return nil, err
		}
		a.Counts[t.Type] = c
	}
	if err := l.Get(ctx, &a.Memberships, `
		SELECT (SELECT count(*) FROM left_kept WHERE kind = 'claim') + (SELECT count(*) FROM left_moved) AS claims,
		       (SELECT count(*) FROM left_moved) AS moved,
		       (SELECT count(*) FROM left_link k LEFT JOIN left_best b ON b.record_id = k.record_id
		        WHERE k.kind = 'claim' AND (k.row_id IS NULL OR b.record_id IS NOT NULL AND b.row_id IS NULL)) AS dangling`); err != nil {
		return nil, schema.Wrap(err, "count claims")
	}
	if err := l.Select(ctx, &a.Others, `
		SELECT DISTINCT t.[sourceName] FROM {userDataSyncRecords} t
		WHERE t.[sourceName] <> ? AND t.[sourceUk] <> '' AND t.[dataType] IN (`+l.typeList()+`)
		AND NOT EXISTS (SELECT 1 FROM {records} r WHERE r.uid = t.[sourceUk] AND r.source = t.[sourceName] AND r.type = t.[dataType])
		ORDER BY t.[sourceName] LIMIT 5`, l.source); err != nil {
		return nil, schema.Wrap(err, "look for sources that are not adopted")
	}
	return a, l.find(ctx, a)
}

func (l *leavings) count(ctx context.Context, t *Table) (c AdoptedCounts, err error) {
	err = l.Get(ctx, &c, t.names(0).Replace(`
		SELECT (SELECT count(*) FROM left_best WHERE type = '<type>') AS records,
		       (SELECT count(row_id) FROM left_best WHERE type = '<type>') AS linked,
		       (SELECT count(*) FROM left_best WHERE type = '<type>' AND row_id IS NULL) AS unlinked,
		       (SELECT count(*) FROM left_extra WHERE type = '<type>') AS duplicates,
		       (SELECT count(*) FROM left_link WHERE type = '<type>' AND kind = 'row' AND row_id IS NULL) AS dangling,
		       (SELECT count(*) FROM {records} WHERE type = '<type>' AND source = ?) AS known`), l.source)
	return c, schema.Wrap(err, "count what is adopted")
}

// find collects the findings, counts them and keeps the first.
func (l *leavings) find(ctx context.Context, a *Adoption) error {
	problems := l.problems()
	var fills []fill
	for place, p := range problems {
		fills = append(fills, fill{`SELECT ` + strconv.Itoa(place) + `, p.* FROM (` + p.sql + `) p`, p.args})
	}
	if err := l.table(ctx, "left_found", `place int NOT NULL, type text NOT NULL, uid text NOT NULL, record_id bigint NOT NULL,
		row_text text NOT NULL, own text NOT NULL, other text NOT NULL`, fills...); err != nil {
		return err
	}
	var totals []struct {
		Place, N int
		Type     string
	}
	if err := l.Select(ctx, &totals, `SELECT place, type, count(*) AS n FROM left_found GROUP BY place, type ORDER BY place, type`); err != nil {
		return schema.Wrap(err, "count the findings")
	}
	for _, t := range totals {
		a.Problems = append(a.Problems, Problem{plugin.Type(t.Type), problems[t.Place].says, t.N})
		a.Total += t.N
	}
	var rows []found
	if err := l.Select(ctx, &rows, `SELECT place, type, uid, record_id, row_text AS "row", own, other FROM left_found
		ORDER BY place, type, record_id, length(row_text), row_text LIMIT ?`, FindingsInReport); err != nil {
		return schema.Wrap(err, "list the findings")
	}
	for _, f := range rows {
		p := problems[f.Place]
		a.Findings = append(a.Findings, Finding{plugin.Type(f.Type), f.UID, f.Row, p.says, p.does(f)})
	}
	return nil
}
