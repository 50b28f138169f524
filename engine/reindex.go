package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/nocobase-roster/roster/schema"
)

// A Reindex is what rebuilding the index of one source came to.
type Reindex struct {
	TaskID    string `json:"taskId"`
	Source    string `json:"source"`
	Verified  int64  `json:"verified"`  // records that were in the index, and are
	Forgotten int64  `json:"forgotten"` // that NocoBase keeps no more, or for another
	TakenIn   int64  `json:"takenIn"`   // that the index did not have
	Dangling  int64  `json:"dangling"`  // links of the source's records that lead to no row; a push makes those again
}

// Reindex rebuilds the index from NocoBase's tables, of one source or, where
// none is named, of all, one after the other. Nothing of NocoBase's is written.
// What only Roster knows of a record (that it found its row, that it is gone) is
// kept where the record still holds; the next push compares everything.
func (e *Engine) Reindex(ctx context.Context, source string) ([]Reindex, error) {
	sources := []string{source}
	if source == "" {
		sources = nil
		err := e.db.On(e.db).Select(ctx, &sources, `SELECT [sourceName] FROM {userDataSyncRecords} UNION SELECT source FROM {records} ORDER BY 1`)
		if err != nil {
			return nil, told(ctx, schema.Wrap(err, "list the sources"))
		}
	} else if err := e.indexable(ctx, source); err != nil {
		return nil, err
	}
	done := []Reindex{}
	for _, name := range sources {
		one, err := e.reindexInRun(ctx, name)
		if err != nil {
			return done, err
		}
		done = append(done, *one)
	}
	if source != "" {
		return done, nil // of the others nobody knows whether they hold
	}
	return done, told(ctx, testify(ctx, e.db.On(e.db)))
}

// indexable refuses a source that nobody knows.
func (e *Engine) indexable(ctx context.Context, source string) error {
	if err := e.check(Push{Source: source}); err != nil {
		return err
	}
	var indexed bool
	if err := e.db.On(e.db).Get(ctx, &indexed, `SELECT EXISTS (SELECT 1 FROM {records} WHERE source = ?)`, source); err != nil || indexed {
		return told(ctx, schema.Wrap(err, "look for the source"))
	}
	_, err := e.recorded(ctx, source)
	return told(ctx, err)
}

// reindexInRun rebuilds the index of a source while it holds it, as a push does.
func (e *Engine) reindexInRun(ctx context.Context, source string) (n *Reindex, err error) {
	r := e.newRun(Push{Source: source}, indexing, nil)
	err = e.run(ctx, r, func(ctx context.Context) error {
		if n, err = r.reindex(ctx); err != nil {
			return err
		}
		n.TaskID = fmt.Sprint(r.id)
		return r.end(ctx, Success, n.message(), map[string]Counts{})
	})
	return n, err
}

// reindex works in one transaction, on a connection of its own for its
// temporary tables.
func (r *run) reindex(ctx context.Context) (*Reindex, error) {
	db := r.engine.db
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, schema.Wrap(err, "connect to the database")
	}
	defer db.Release(ctx, conn)
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	tx, err := db.Begin(ctx, conn)
	if err != nil {
		return nil, schema.Wrap(err, "begin to index")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := db.On(tx)
	l := &leavings{Conn: x, source: r.source, types: r.engine.types()}
	if err := x.Get(ctx, &l.records, `SELECT count(*) FROM {userDataSyncRecords} WHERE [sourceName] = ?`, r.source); err != nil {
		return nil, schema.Wrap(err, "count the records of the source")
	}
	if err := db.ForPlanning(ctx, x, l.records); err != nil {
		return nil, err
	}
	n, err := l.reindex(ctx)
	if err != nil {
		return nil, err
	}
	if err := readAll(ctx, x, r.source); err != nil {
		return nil, err
	}
	if err := r.fence(ctx, x); err != nil {
		return nil, err
	}
	return n, schema.Wrap(tx.Commit(), "commit the index")
}

// reindex makes the index of a source what NocoBase's tables say.
func (l *leavings) reindex(ctx context.Context) (*Reindex, error) {
	n := &Reindex{Source: l.source}
	held, err := verifySource(ctx, l.Conn, l.types, l.source)
	if err != nil {
		return nil, err
	}
	if err := l.Get(ctx, &n.Verified, `SELECT count(*) FROM {records} WHERE source = ?`, l.source); err != nil {
		return nil, schema.Wrap(err, "count what is verified")
	}
	n.Verified -= held.TakenIn
	n.Forgotten = held.Forgotten
	if n.TakenIn, err = l.takeIn(ctx); err != nil {
		return nil, err
	}
	n.TakenIn += held.TakenIn
	if err := l.keepOlder(ctx); err != nil {
		return nil, err
	}
	if _, err := l.Exec(ctx, `UPDATE {records} SET digest = '' WHERE source = ? AND digest <> ''`, l.source); err != nil {
		return nil, schema.Wrap(err, "have records compared anew")
	}
	for _, t := range l.types {
		var dangling int64
		if err := l.Get(ctx, &dangling, t.names(0).Replace(`
			SELECT count(*) FROM {records} r JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.record_id AND k.resource = '<rows>'
			LEFT JOIN {<rows>} u ON u.id = `+number("k.[resourcePk]")+` WHERE r.source = ? AND r.type = '<type>' AND u.id IS NULL`), l.source); err != nil {
			return nil, schema.Wrap(err, "count links that lead nowhere")
		}
		n.Dangling += dangling
	}
	return n, nil
}

// together is how long after a membership NocoBase's engine may write the link
// that claims it; Roster writes both at once.
const together = 10 * time.Second

// keepOlder marks the memberships of those who were taken in that are older
// than every claim on them: somebody made them by hand, and they stay when the
// claims go.
func (l *leavings) keepOlder(ctx context.Context) error {
	_, err := l.Exec(ctx, `
		INSERT INTO {kept_memberships} (user_id, department_id)
		SELECT du.[userId], du.[departmentId] FROM {departmentsUsers} du
		JOIN (SELECT w.[resourcePk] AS person, c.[resourcePk] AS department, min(c.[createdAt]) AS first
		      FROM {userDataSyncRecordsResources} c
		      JOIN {userDataSyncRecords} t ON t.id = c.[recordId] AND t.[dataType] = 'user'
		      JOIN {userDataSyncRecordsResources} w ON w.[recordId] = c.[recordId] AND w.resource = 'users'
		      WHERE c.resource = 'departments' GROUP BY w.[resourcePk], c.[resourcePk]) k
		ON k.person = CAST(du.[userId] AS text) AND k.department = CAST(du.[departmentId] AS text)
		WHERE du.[createdAt] < `+l.DB().Earlier("k.first", together)+`
		AND du.[userId] IN (SELECT row_id FROM left_best WHERE type = 'user' AND row_id IS NOT NULL)
		ON CONFLICT DO NOTHING`)
	return schema.Wrap(err, "mark memberships that are older than their claims")
}

// message is the sentence an operator reads in the list of tasks.
func (n *Reindex) message() string {
	return fmt.Sprintf("%d records verified, %d forgotten, %d taken in; %d links dangle", n.Verified, n.Forgotten, n.TakenIn, n.Dangling)
}
