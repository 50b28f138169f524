package engine

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/schema"
)

// reconcile sees, before a plan is made, that the index is of NocoBase's tables
// as they are: that they are the ones it was made of, and that it has what
// NocoBase's own engine has added for the source.
// Before lots of records are planned all entries of the source are verified.
func (r *run) reconcile(ctx context.Context, x schema.Conn, records int64) error {
	if err := r.restored(ctx, x); err != nil {
		return err
	}
	if records >= lots {
		if _, err := verifySource(ctx, x, r.engine.types(), r.source); err != nil {
			return err
		}
	}
	if !r.known {
		return nil // there is nothing that the index does not have, or the run would have been refused
	}
	n, err := news(ctx, x, r.engine.types(), r.source)
	if n > 0 {
		r.engine.log.Info("NocoBase's own engine has written for the source; its records were taken in",
			zap.String("source", r.source), zap.Int64("records", n))
	}
	return err
}

// The witness is the newest sync record that was there when a run ended. Ids are
// not given out again but after a backup was restored; then the record of that
// id is not there, or was made at another time.
const otherTables = `
	SELECT h.witness_id IS NOT NULL AND (SELECT t.[createdAt] FROM {userDataSyncRecords} t WHERE t.id = h.witness_id) IS DISTINCT FROM h.witness_at
	FROM {host} h `

// restored verifies the index of all sources when NocoBase's tables are not the
// ones that it was made of.
func (r *run) restored(ctx context.Context, x schema.Conn) error {
	var others bool
	if err := x.Get(ctx, &others, otherTables); err != nil || !others {
		return schema.Wrap(err, "look for the witness")
	}
	// Of several runs that see it one does the work, while the others wait.
	if err := x.Get(ctx, &others, otherTables+x.DB().ForUpdate("h", true)); err != nil || !others {
		return schema.Wrap(err, "look for the witness")
	}
	var sources []string
	if err := x.Select(ctx, &sources, `SELECT DISTINCT source FROM {records} ORDER BY source`); err != nil {
		return schema.Wrap(err, "list the sources")
	}
	var all tally
	for _, source := range sources {
		n, err := verifySource(ctx, x, r.engine.types(), source)
		if err != nil {
			return fmt.Errorf("source %.64s: %w", source, err)
		}
		all.add(n)
	}
	for _, q := range []string{
		`DELETE FROM {cursors}`,
		`DELETE FROM {kept_memberships} WHERE NOT EXISTS (
			SELECT 1 FROM {departmentsUsers} du WHERE du.[departmentId] = department_id AND du.[userId] = user_id)`,
	} {
		if _, err := x.Exec(ctx, q); err != nil {
			return schema.Wrap(err, "forget how far records were read")
		}
	}
	if err := testify(ctx, x); err != nil {
		return err
	}
	r.warnings = append(r.warnings, fmt.Sprintf("NocoBase's tables are not the ones that were there before, as after a backup was restored: of the index of all sources %d records were forgotten, %d corrected and %d taken in",
		all.Forgotten, all.Corrected, all.TakenIn))
	r.engine.log.Warn("NocoBase's tables are not the ones that the index was made of; it was held against them",
		zap.Int64("forgotten", all.Forgotten), zap.Int64("corrected", all.Corrected), zap.Int64("taken in", all.TakenIn))
	return nil
}

// keepWitness makes the newest sync record the witness, unless the one that was
// is gone: that is for the next run of any source to see.
func keepWitness(ctx context.Context, x schema.Conn) error {
	var others bool
	if err := x.Get(ctx, &others, otherTables); err != nil || others {
		return schema.Wrap(err, "look for the witness")
	}
	return testify(ctx, x)
}

// testify makes the newest sync record the witness.
func testify(ctx context.Context, x schema.Conn) error {
	const newest = `SELECT id, [createdAt] AS at FROM {userDataSyncRecords} ORDER BY id DESC LIMIT 1`
	_, err := x.Exec(ctx, `
		UPDATE {host} SET witness_id = (SELECT id FROM (`+newest+`) n), witness_at = (SELECT at FROM (`+newest+`) n)
		WHERE witness_id IS DISTINCT FROM (SELECT id FROM (`+newest+`) n) OR witness_at IS DISTINCT FROM (SELECT at FROM (`+newest+`) n)`)
	return schema.Wrap(err, "keep the witness")
}

// settled is how long ago a sync record was made before which none can turn up
// any more: ids are taken before they are committed.
const settled = 10 * time.Second

// A stretch is the sync records after the first id, up to the last, that have
// not been read for a source.
type stretch struct{ First, Last int64 }

func unread(ctx context.Context, x schema.Conn, source string) (s stretch, err error) {
	err = x.Get(ctx, &s, `
		SELECT coalesce((SELECT record_id FROM {cursors} WHERE source = ?), 0) AS first,
		       coalesce((SELECT max(id) FROM {userDataSyncRecords}), 0) AS last`, source)
	return s, schema.Wrap(err, "see how far records were read")
}

// news takes in the records that others have written for a source since it was
// read last. Most often there are none, and all that is read is one key.
func news(ctx context.Context, x schema.Conn, types []*Table, source string) (n int64, err error) {
	s, err := unread(ctx, x, source)
	if err != nil || s.First >= s.Last {
		return 0, err
	}
	l := &leavings{Conn: x, source: source, types: types, which: fmt.Sprintf("t.id > %d AND t.id <= %d", s.First, s.Last)}
	// A subquery that is no join: the statistics of fresh tables would have
	// PostgreSQL read the whole index.
	var there bool
	err = x.Get(ctx, &there, `SELECT EXISTS (SELECT 1 FROM {userDataSyncRecords} t
		WHERE `+l.which+` AND t.[sourceName] = ? AND t.[sourceUk] <> '' AND t.[dataType] IN (`+l.typeList()+`)
		AND (SELECT r.record_id FROM {records} r WHERE r.uid = t.[sourceUk] AND r.source = ? AND r.type = t.[dataType]) IS NULL)`, source, source)
	if err != nil {
		return 0, schema.Wrap(err, "look for what others have written")
	}
	if there {
		if n, err = l.takeIn(ctx); err != nil {
			return 0, err
		}
	}
	return n, s.read(ctx, x, source)
}

// read notes how far the stretch can be taken for read: up to where none can
// turn up any more, because no id is left out or enough time has passed.
func (s stretch) read(ctx context.Context, x schema.Conn, source string) error {
	var last *int64
	err := x.Get(ctx, &last, `
		SELECT max(id) FROM (
			SELECT id, id - row_number() OVER (ORDER BY id) AS left_out, max([createdAt]) OVER (ORDER BY id) AS newest
			FROM {userDataSyncRecords} WHERE id > ? AND id <= ?) q
		WHERE left_out = ? OR newest < `+x.DB().Now(settled), s.First, s.Last, s.First)
	if err != nil || last == nil {
		return schema.Wrap(err, "see how far records can be read")
	}
	if err := advance(ctx, x, source, *last); err != nil {
		return err
	}
	return keepWitness(ctx, x)
}

// readAll notes that the index has all records of a source.
func readAll(ctx context.Context, x schema.Conn, source string) error {
	s, err := unread(ctx, x, source)
	if err != nil {
		return err
	}
	return s.read(ctx, x, source)
}

func advance(ctx context.Context, x schema.Conn, source string, to int64) error {
	_, err := x.Exec(ctx, `INSERT INTO {cursors} (source, record_id) VALUES (?, ?)
		ON CONFLICT (source) DO UPDATE SET record_id = excluded.record_id`, source, to)
	return schema.Wrap(err, "note how far records were read")
}

// attest notes, when a run has written, what the tables are now that the next
// run is to find. Where all that is new is the run's own it need not be read.
func (r *run) attest(ctx context.Context) error {
	x := r.engine.db.On(r.engine.db)
	if err := keepWitness(ctx, x); err != nil {
		return err
	}
	s, err := unread(ctx, x, r.source)
	if err != nil || s.First >= s.Last {
		return err
	}
	var own struct{ N, Last int64 }
	err = x.Get(ctx, &own, `
		SELECT count(*) AS n, coalesce(max(id), 0) AS last FROM (
			SELECT _record_id AS id FROM {plan_departments} WHERE _run = ? AND _fresh AND _record_id > ?
			UNION ALL SELECT _record_id FROM {plan_users} WHERE _run = ? AND _fresh AND _record_id > ?) p`, r.id, s.First, r.id, s.First)
	if err != nil || own.N == 0 || own.Last-s.First != own.N {
		return schema.Wrap(err, "see whose the newest records are")
	}
	return advance(ctx, x, r.source, own.Last)
}
