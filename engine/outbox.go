package engine

import (
	"context"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// What changes for targets that others registered is put into the outbox with
// the transaction that changes it, and leaves it when the target has it: see
// deliver.go. A target is fed from the first run of a source that finds it
// there; then it is given all records that the source has already, and from then
// on what changes, be it there or not. One that stays away for as long as runs
// are kept is fed no more: should it come again, it begins anew.

// A peer is a target that somebody else registered.
type peer struct {
	plugin.TargetInfo
	target plugin.Target
}

// peers are those that are there now, in the order in which they are written.
func (e *Engine) peers() []peer {
	var peers []peer
	for _, info := range e.adapters.Targets() {
		if t := e.adapters.Target(info.Name); t != nil {
			peers = append(peers, peer{info, t})
		}
	}
	return peers
}

// AdaptersChanged tells the engine that a source type or a target of that name
// came or went: its sources are opened anew, and what waits for it is delivered.
func (e *Engine) AdaptersChanged(name string) {
	e.opened.forget(e.log, func(s *setup) bool { return s.SourceType == name })
	e.outbox.hurry()
}

// feed sees to it that the targets that are there now are fed by the source.
func (r *run) feed(ctx context.Context, layouts []*layout) error {
	db := r.engine.db
	var fed []struct {
		Target string
		Type   plugin.Type
		Old    bool
	}
	err := db.On(db).Select(ctx, &fed, `SELECT target, type, seen_at < `+db.Now(keep/30)+` AS old FROM {feeds} WHERE source = ?`, r.source)
	if err != nil {
		return schema.Wrap(err, "see which targets are fed")
	}
	known := map[[2]string]bool{} // and whether that it is there was noted long ago
	for _, f := range fed {
		known[[2]string{f.Target, string(f.Type)}] = f.Old
	}
	r.fed = len(fed) > 0
	for _, p := range r.engine.peers() {
		for _, l := range layouts {
			old, there := known[[2]string{p.Name, string(l.Type)}]
			if !slices.Contains(p.Accepts, l.Type) || there && !old {
				continue
			}
			if err := r.feedTo(ctx, p.Name, l.Type); err != nil {
				return err
			}
			r.fed = true
		}
	}
	return nil
}

// feedTo notes that a target is there. The first time, it is given all that the
// source has.
func (r *run) feedTo(ctx context.Context, target string, t plugin.Type) error {
	db := r.engine.db
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return schema.Wrap(err, "begin to feed a target")
	}
	defer tx.Rollback() // after Commit it does nothing
	x, now := db.On(tx), db.Now(0)
	again, err := x.Exec(ctx, `UPDATE {feeds} SET seen_at = `+now+` WHERE target = ? AND source = ? AND type = ?`, target, r.source, t)
	if err == nil && again == 0 {
		err = handOver(ctx, x, target, r.source, t)
	}
	if err == nil {
		err = tx.Commit()
	}
	return schema.Wrap(err, "feed a target")
}

func handOver(ctx context.Context, x schema.Conn, target, source string, t plugin.Type) error {
	now := x.DB().Now(0)
	first, err := x.Exec(ctx, `INSERT INTO {feeds} (target, source, type, seen_at) VALUES (?, ?, ?, `+now+`) ON CONFLICT DO NOTHING`, target, source, t)
	if err != nil || first == 0 {
		return err
	}
	_, err = x.Exec(ctx, `
		INSERT INTO {outbox} (target, run, source, type, uid, n, record_id, gone, match_key, record, added_at, due_at)
		SELECT CAST(? AS text), 0, r.source, r.type, r.uid, r.record_id, r.record_id, false, '', coalesce(CAST(t.[metaData] AS text), '{}'), `+now+`, `+now+`
		FROM {records} r JOIN {userDataSyncRecords} t ON t.id = r.record_id
		WHERE r.source = ? AND r.type = ? AND r.removed IS NULL AND r.row_id IS NOT NULL ORDER BY r.record_id`, target, source, t)
	return err
}

// post puts what the chunk changes into the outbox, for each target that is
// fed. A change that waits for a target takes the place of an earlier one of
// the same record, unless that may have arrived: then it comes after it.
// Records that are gone and kept are no change: nothing is to be done about them.
func (c *Chunk) post(ctx context.Context, matchKey string) error {
	const changed = `<chunk> AND (p._op IN ('create', 'link', 'update', 'delete', 'disable', 'unlink')
		OR p._op = 'touch' AND p._digest IS NOT NULL AND EXISTS (
			SELECT 1 FROM {userDataSyncRecords} t WHERE t.id = p._record_id AND CAST(t.[metaData] AS text) IS DISTINCT FROM p._raw))`
	return c.Run(ctx,
		Step{What: "hold changes that are in hand, so that what becomes of them is written before or after", When: []string{"fed"}, Args: []any{c.Source}, SQL: `
			UPDATE {outbox} SET claim = claim WHERE source = ? AND type = '<type>' AND claim IS NOT NULL AND uid IN (SELECT p._uid FROM {<plan>} p WHERE ` + changed + `)`},
		Step{What: "take back changes that are out of date", When: []string{"fed"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {outbox} WHERE source = ? AND type = '<type>' AND claim IS NULL AND uid IN (SELECT p._uid FROM {<plan>} p WHERE ` + changed + `)`},
		Step{What: "put changes into the outbox", When: []string{"fed"}, Args: []any{c.Source, matchKey, c.Source}, SQL: `
			INSERT INTO {outbox} (target, run, source, type, uid, n, record_id, gone, match_key, record, added_at, due_at)
			SELECT f.target, <run>, ?, '<type>', p._uid, p._n, p._record_id, p._op IN ('delete', 'disable', 'unlink'), ?,
			       coalesce(p._raw, (SELECT CAST(t.[metaData] AS text) FROM {userDataSyncRecords} t WHERE t.id = p._record_id), '{}'), ` + c.DB().Now(0) + `, <arrived>
			FROM {<plan>} p JOIN {feeds} f ON f.source = ? AND f.type = '<type>'
			WHERE ` + changed + ` ORDER BY p._n, f.target`})
}

// repost has what of a run could not be delivered, and of what its source had
// before, tried again by r.
func (r *run) repost(ctx context.Context, of int64) error {
	db := r.engine.db
	x := db.On(db)
	n, err := x.Exec(ctx, `UPDATE {outbox} SET run = ?, n = NULL, due_at = `+db.Now(0)+`
		WHERE source = ? AND run IN (0, ?) AND kind IS NOT NULL`, r.id, r.source, of)
	if err != nil || n == 0 {
		return schema.Wrap(err, "deliver again")
	}
	r.engine.outbox.hurry()
	return schema.Wrap(x.Select(ctx, &r.reposted, `SELECT target, type, count(*) AS n FROM {outbox} WHERE run = ? GROUP BY target, type`, r.id), "deliver again")
}

// A reposted is how many changes of a type a run delivers again.
type reposted struct {
	Target string
	Type   plugin.Type
	N      int
}

// forgetUndelivered drops changes that no target has taken for as long as runs
// are kept, and targets that have not been there.
func (e *Engine) forgetUndelivered(ctx context.Context, x schema.Conn) error {
	old := e.db.Now(keep)
	var there bool
	err := x.Get(ctx, &there, `SELECT EXISTS (SELECT 1 FROM {outbox} WHERE added_at < `+old+`) OR EXISTS (SELECT 1 FROM {feeds} WHERE seen_at < `+old+`)`)
	if err != nil || !there {
		return schema.Wrap(err, "look for old changes")
	}
	return schema.Wrap(x.Script(ctx,
		`DELETE FROM {outbox} WHERE added_at < `+old+` OR claim IS NULL AND EXISTS (
			SELECT 1 FROM {feeds} f WHERE f.target = {outbox}.target AND f.source = {outbox}.source AND f.type = {outbox}.type AND f.seen_at < `+old+`)`,
		`DELETE FROM {feeds} WHERE seen_at < `+old), "forget old changes")
}
