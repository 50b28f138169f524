package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Snapshot says that a push is a part of a reading of the whole directory:
// records of its types that no part holds are gone. Parts with one ID belong
// together; one that is Done ends it. Absence is looked at then, and only where
// nothing was lost: the Counts, of distinct records of each type over all
// parts, must agree with what arrived. They may be left out where the one part
// is all. A type that the snapshot neither holds nor counts is not spoken of.
type Snapshot struct {
	ID     string              `json:"id"`
	Done   bool                `json:"done"`
	Counts map[plugin.Type]int `json:"counts,omitempty"`
}

func (s *Snapshot) check() error {
	switch {
	case s == nil:
		return nil
	case s.ID == "" || len(s.ID) > 255:
		return &plugin.Error{
			Kind: plugin.Data, Path: "/snapshot/id", Msg: "a snapshot needs an id of up to 255 bytes",
			Hint: "give all parts of one reading the same, and no other reading that one",
		}
	}
	for t, n := range s.Counts {
		if n < 0 {
			return &plugin.Error{Kind: plugin.Data, Path: "/snapshot/counts/" + string(t), Msg: "a snapshot cannot have fewer than no records"}
		}
	}
	return nil
}

// An openSnapshot is one that has begun and is not done.
type openSnapshot struct {
	ID      string
	BeganAt schema.Timestamp `db:"began_at"`
	Spoiled string
}

// A reading is what a run knows of the whole directory.
type reading struct {
	began time.Time
	parts bool                 // some of it came before
	whole map[plugin.Type]bool // of these it has all there is
}

// reading notes what arrives for a snapshot and, when that is done, says of
// which types nothing is missing. What comes beside an open snapshot is noted
// as well: it is not absent.
func (r *run) reading(ctx context.Context, x schema.Conn, in *intake, s *Snapshot) (reading, error) {
	var open openSnapshot
	err := x.Get(ctx, &open, `SELECT id, began_at, spoiled FROM {snapshots} WHERE source = ?`, r.source)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err != nil {
		return reading{}, schema.Wrap(err, "look for a snapshot")
	}
	writes := r.kind != planOnly
	switch {
	case s == nil && open.ID != "" && writes:
		return reading{}, r.arrive(ctx, x, in, false)
	case s == nil:
		return reading{}, nil
	case open.ID != s.ID:
		if err := r.supersedes(ctx, x, s, open); err != nil {
			return reading{}, err
		}
		if open.ID != "" && writes {
			err = r.giveUpSnapshot(ctx, x, open)
		}
		open = openSnapshot{BeganAt: schema.Timestamp{Time: r.arrived}}
	}
	if err != nil {
		return reading{}, err
	}
	for t := range in.unnamed {
		open.Spoiled += " " + string(t)
	}
	if s.Done {
		return r.complete(ctx, x, in, s, open)
	}
	if writes {
		err = r.keepSnapshot(ctx, x, in, s.ID, open)
	}
	return reading{}, err
}

// supersedes refuses a part of a snapshot that another has taken the place of:
// without its first parts the last one would pass for a whole reading.
func (r *run) supersedes(ctx context.Context, x schema.Conn, s *Snapshot, open openSnapshot) error {
	late := open.BeganAt.After(r.arrived)
	if !late {
		err := x.Get(ctx, &late, `SELECT EXISTS (SELECT 1 FROM {snapshot_records} WHERE source = ? AND type = '' AND uid = ?)`, r.source, s.ID)
		if err != nil {
			return schema.Wrap(err, "look for snapshots that were given up")
		}
	}
	if !late {
		return nil
	}
	return &plugin.Error{
		Kind: plugin.Stale, Path: "/snapshot/id", Msg: "another snapshot of the source has begun since",
		Hint: "begin a new one, with a new id",
	}
}

// giveUpSnapshot ends the open snapshot for another, and keeps its id for parts
// of it that are still on their way: as a record of no type.
func (r *run) giveUpSnapshot(ctx context.Context, x schema.Conn, open openSnapshot) error {
	if err := r.forgetSnapshot(ctx, x); err != nil {
		return err
	}
	_, err := x.Exec(ctx, `INSERT INTO {snapshot_records} (source, type, uid, part) VALUES (?, '', ?, false) ON CONFLICT DO NOTHING`, r.source, open.ID)
	return schema.Wrap(err, "give a snapshot up")
}

// complete says of which types a snapshot that is done has all records: of those
// it speaks of, unless something was lost on the way, of whatever type.
func (r *run) complete(ctx context.Context, x schema.Conn, in *intake, s *Snapshot, open openSnapshot) (reading, error) {
	whole := reading{open.BeganAt.Time, open.ID != "", map[plugin.Type]bool{}}
	for _, t := range slices.Sorted(maps.Keys(in.layouts)) {
		want, counted := s.Counts[t]
		var n int
		err := x.Get(ctx, &n, strings.ReplaceAll(`
			SELECT count(*) FROM (SELECT uid FROM staged_<type> UNION SELECT uid FROM staged_refused WHERE type = '<type>'
				UNION SELECT uid FROM {snapshot_records} WHERE source = ? AND type = '<type>' AND part AND ?) came`, "<type>", string(t)), r.source, whole.parts)
		if err != nil {
			return whole, schema.Wrap(err, "count what came with the snapshot")
		}
		switch {
		case slices.Contains(strings.Fields(open.Spoiled), string(t)):
			r.doubt("a %s came without a uid that could be read", t)
		case counted && want != n:
			r.doubt("the snapshot counts %d %ss and %d came", want, t, n)
		case !counted && open.ID != "" && n > 0:
			r.doubt("the snapshot came in parts and does not count its %ss", t)
		default:
			whole.whole[t] = counted || n > 0
		}
	}
	if len(r.unsure) > 0 {
		return reading{}, nil
	}
	return whole, nil
}

// doubt notes why absence is not looked at.
func (r *run) doubt(format string, args ...any) {
	r.unsure = append(r.unsure, "nothing is taken for gone: "+fmt.Sprintf(format, args...))
}

func (r *run) keepSnapshot(ctx context.Context, x schema.Conn, in *intake, id string, open openSnapshot) error {
	_, err := x.Exec(ctx, `INSERT INTO {snapshots} (source, id, began_at, spoiled) VALUES (?, ?, ?, ?)
		ON CONFLICT (source) DO UPDATE SET spoiled = excluded.spoiled`, r.source, id, r.engine.db.Time(open.BeganAt.Time), open.Spoiled)
	if err != nil {
		return schema.Wrap(err, "keep a snapshot open")
	}
	return r.arrive(ctx, x, in, true)
}

// arrive notes which records have come since the open snapshot began.
func (r *run) arrive(ctx context.Context, x schema.Conn, in *intake, part bool) error {
	for _, t := range slices.Sorted(maps.Keys(in.layouts)) {
		_, err := x.Exec(ctx, strings.ReplaceAll(`
			INSERT INTO {snapshot_records} AS r (source, type, uid, part)
			SELECT ?, '<type>', uid, CAST(? AS boolean) FROM (SELECT uid FROM staged_<type> UNION SELECT uid FROM staged_refused WHERE type = '<type>') came WHERE true
			ON CONFLICT (source, type, uid) DO UPDATE SET part = r.part OR excluded.part`, "<type>", string(t)), r.source, part)
		if err != nil {
			return schema.Wrap(err, "note what came since a snapshot began")
		}
	}
	return nil
}

func (r *run) forgetSnapshot(ctx context.Context, x schema.Conn) error {
	for _, q := range []string{`DELETE FROM {snapshots} WHERE source = ?`, `DELETE FROM {snapshot_records} WHERE source = ? AND type <> ''`} {
		if _, err := x.Exec(ctx, q, r.source); err != nil {
			return schema.Wrap(err, "end a snapshot")
		}
	}
	return nil
}

// stageAbsent stages, as gone, the records that a whole reading does not have
// and that nothing has brought since it began. Where those were looked up, who is
// gone has been staged.
func (p *Plan) stageAbsent(ctx context.Context, of reading) error {
	if p.parts = of.parts; !of.whole[p.Type] || p.confirmed {
		return nil
	}
	if err := p.DB().Index(ctx, p.Conn, p.names.Replace("staged_<type>"), "uid"); err != nil {
		return err
	}
	return p.stageGone(ctx, `
		SELECT r.uid, '`+absent+`' AS cause FROM {records} r WHERE r.source = ? AND r.type = '<type>' AND (r.removed IS NULL OR r.removed IN ('kept', 'disabled'))
		AND r.seen_at <= `+p.DB().TimeLiteral(of.began)+`
		AND NOT EXISTS (SELECT 1 FROM staged_<type> s WHERE s.uid = r.uid)
		AND NOT EXISTS (SELECT 1 FROM staged_refused f WHERE f.uid = r.uid AND f.type = '<type>')
		AND NOT `+p.Came(), p.Source)
}

// Came is SQL for: the record r came in an earlier part of the reading that this
// push ends, or beside it.
func (p *Plan) Came() string {
	if !p.parts {
		return "(1 = 0)"
	}
	return `EXISTS (SELECT 1 FROM {snapshot_records} c WHERE c.source = r.source AND c.type = '<type>' AND c.uid = r.uid)`
}
