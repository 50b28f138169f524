package engine

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// How many changes, and characters of records, are sent at once.
const (
	deliveryChanges = 500
	deliverySize    = 1 << 20
)

// foremost is SQL for: no earlier change of the record is still to arrive where
// change o is to go.
const foremost = `o.id = (SELECT min(b.id) FROM {outbox} b WHERE b.uid = o.uid AND b.source = o.source AND b.type = o.type AND b.target = o.target)`

// A delivery is changes that this process has in hand, to send them to a target.
type delivery struct {
	engine *Engine
	target string
	claim  string // signs them
	rows   []outboxRow
	links  map[int64][]plugin.Link // by record
}

type outboxRow struct {
	ID       int64
	Source   string
	Type     plugin.Type
	UID      string
	RecordID *int64 `db:"record_id"`
	Gone     bool
	MatchKey string `db:"match_key"`
	Record   string
	AddedAt  schema.Timestamp `db:"added_at"`
	Attempts int
}

// claim takes changes for a target in hand that are due and for which which, SQL
// over o, holds. Nobody else sends them until the lease is over.
func (e *Engine) claim(ctx context.Context, target, which string) (*delivery, error) {
	d := &delivery{engine: e, target: target, claim: e.owner + "/" + strconv.FormatInt(e.outbox.claims.Add(1), 36)}
	n, err := d.take(ctx, which)
	if err != nil || n == 0 {
		return d, schema.Wrap(err, "take changes in hand")
	}
	x := e.db.On(e.db)
	err = x.Select(ctx, &d.rows, `
		SELECT id, source, type, uid, record_id, gone, match_key, record, added_at, attempts
		FROM {outbox} WHERE claim = ? ORDER BY run, type, n, id`, d.claim)
	if err != nil {
		return d, schema.Wrap(err, "read changes")
	}
	return d, d.readLinks(ctx, x)
}

// take signs as many changes as go into a batch, and says how many.
func (d *delivery) take(ctx context.Context, which string) (int64, error) {
	db := d.engine.db
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // after Commit it does nothing
	x := db.On(tx)
	if err := db.ForTaking(ctx, x); err != nil {
		return 0, err
	}
	n, err := x.Exec(ctx, `
		WITH due AS MATERIALIZED (
			SELECT o.id, o.due_at, o.run, o.type, o.n, o.record FROM {outbox} o
			WHERE o.target = ? AND o.due_at <= `+db.Now(0)+` AND `+which+` AND `+foremost+`
			ORDER BY o.due_at, o.run, o.type, o.n, o.id LIMIT ? `+db.ForUpdateOfFree("o")+`),
		sized AS (SELECT id, sum(length(record)) OVER (ORDER BY due_at, run, type, n, id) - length(record) AS before FROM due)
		UPDATE {outbox} SET claim = ?, due_at = `+db.Now(-claimLease)+`, attempts = attempts + 1, kind = NULL, reason = NULL
		WHERE id IN (SELECT id FROM sized WHERE before < ?)`, d.target, deliveryChanges, d.claim, deliverySize)
	if err != nil {
		return 0, err
	}
	return n, tx.Commit()
}

// readLinks reads what the records stand for.
func (d *delivery) readLinks(ctx context.Context, x schema.Conn) error {
	var ids []int64
	for _, row := range d.rows {
		if row.RecordID != nil {
			ids = append(ids, *row.RecordID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var found []struct {
		Record   int64
		Resource string
		Pk       string
	}
	err := x.Select(ctx, &found, `SELECT record, resource, pk FROM (
			SELECT [recordId] AS record, resource, [resourcePk] AS pk, min(id) AS id FROM {userDataSyncRecordsResources}
			WHERE [resourcePk] IS NOT NULL AND [recordId] IN (`+list(ids)+`) GROUP BY [recordId], resource, [resourcePk]) l ORDER BY id`)
	d.links = map[int64][]plugin.Link{}
	for _, l := range found {
		d.links[l.Record] = append(d.links[l.Record], plugin.Link{Resource: l.Resource, ResourcePk: l.Pk})
	}
	return schema.Wrap(err, "read what records stand for")
}

// list writes ids as SQL has them between brackets.
func list(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ", ")
}

// changes are the rows as a target gets them.
func (d *delivery) changes() []plugin.Change {
	changes := make([]plugin.Change, len(d.rows))
	for i, row := range d.rows {
		c := plugin.Change{Key: row.key(), Source: row.Source, MatchKey: row.MatchKey, Record: row.record(), Op: plugin.Create}
		if row.RecordID != nil {
			c.ID, c.Links = strconv.FormatInt(*row.RecordID, 10), d.links[*row.RecordID]
		}
		for _, l := range c.Links {
			if l.Resource == d.target {
				c.Rows = append(c.Rows, l.ResourcePk)
			}
		}
		switch {
		case row.Gone:
			c.Op = plugin.Delete
		case len(c.Rows) > 0:
			c.Op = plugin.Update
		}
		changes[i] = c
	}
	return changes
}

// key names a change, also beside one that had its id before a backup was
// brought back.
func (o *outboxRow) key() string {
	return strconv.FormatInt(o.ID, 36) + "-" + strconv.FormatInt(o.AddedAt.UnixMilli(), 36)
}

// record is the record that changed. What NocoBase keeps as one and is no object
// has no attributes.
func (o *outboxRow) record() plugin.Record {
	var r plugin.Record
	if json.Unmarshal([]byte(o.Record), &r) != nil {
		r = plugin.Record{}
	}
	r.Type, r.UID, r.Deleted = o.Type, o.UID, o.Gone
	return r
}
