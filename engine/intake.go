package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// How many records, and bytes of them, are staged at once: enough that the
// trips to the database cost nothing, few enough that a page is small.
const (
	pageRecords = 2000
	pageBytes   = 4 << 20
)

// An intake reads records, checks them and stages them in temporary tables of
// its connection, a page at a time: one page is being written while the next
// is read.
type intake struct {
	db        *schema.DB
	conn      *sqlx.Conn
	layouts   map[plugin.Type]*layout
	conflicts bool              // some of the source wait
	waiting   *share            // those that are tried again
	share     *share            // whose records are being read
	again     func(place int64) // told of each record that is planned again
	scribe    *scribe           // keeps what is received; nil: nobody does
	notes     notes
	fates     fates
	seq       int64 // of the last record
	totals    map[plugin.Type]int
	removed   int                  // tombstones
	leaving   bool                 // the source is removed, and has nothing to say any more
	unnamed   map[plugin.Type]bool // types of which a record has no uid that could be read
	text      []byte               // of the record at hand, for use again
}

func newIntake(r *run, conn *sqlx.Conn, layouts []*layout) *intake {
	in := &intake{
		db: r.engine.db, conn: conn, layouts: map[plugin.Type]*layout{}, notes: r.notes, fates: fates{},
		leaving: r.kind == removing, seq: r.last, totals: map[plugin.Type]int{}, unnamed: map[plugin.Type]bool{},
	}
	for _, l := range layouts {
		in.layouts[l.Type] = l
	}
	return in
}

// A page is what goes to the database in one go.
type page struct {
	records     map[plugin.Type]*schema.Rows
	memberships *schema.Rows
	refused     *schema.Rows
	lines       []byte // for the scribe
	n, bytes    int
}

// stage reads all bodies. The error is for what spoils the push as a whole; a
// bad record is staged as refused.
func (in *intake) stage(ctx context.Context, b batch, report func(read int)) error {
	if err := in.makeTables(ctx); err != nil {
		return err
	}
	defer func() { in.scribe = nil }() // what else is staged was received before
	full, empty := make(chan *page, 1), make(chan *page, 2)
	empty <- in.newPage()
	empty <- in.newPage()
	outer := ctx
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for pg := range full {
			in.scribe.write(pg.lines)
			if err := in.write(ctx, pg); err != nil {
				return err
			}
			pg.reset()
			empty <- pg
		}
		return nil
	})
	group.Go(func() error {
		defer close(full)
		return in.read(ctx, b, full, empty, report)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return in.discard(outer, b.shares)
}

func (in *intake) read(ctx context.Context, b batch, full chan<- *page, empty <-chan *page, report func(int)) error {
	pg := <-empty
	next := func() error {
		select {
		case full <- pg:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case pg = <-empty:
		case <-ctx.Done():
			return ctx.Err()
		}
		report(int(in.seq))
		return nil
	}
	for _, s := range b.shares {
		err := in.readShare(ctx, s, b.again != nil || b.maybe || in.leaving, &pg, next)
		if err != nil && (len(b.shares) == 1 || ctx.Err() != nil) {
			return err
		}
		s.err = err
	}
	return next()
}

// readShare reads what one push brings. next takes the page when it is full.
func (in *intake) readShare(ctx context.Context, s *share, maybeNone bool, at **page, next func() error) error {
	s.first, s.totals, s.notes = in.seq, map[plugin.Type]int{}, notes{}
	defer func() { s.last = in.seq }()
	in.share = s
	bodies := 0
	for body, err := range s.push.Bodies {
		if err != nil {
			return err
		}
		bodies++
		l, err := in.layoutFor(body)
		if err != nil {
			return err
		}
		before := in.seq
		for raw, err := range body.Records {
			pg := *at
			if err == nil && pg.n%100 == 0 {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			in.add(pg, l, raw)
			if pg.n == pageRecords || pg.bytes >= pageBytes {
				if err := next(); err != nil {
					return err
				}
			}
		}
		if in.seq == before && !maybeNone {
			return &plugin.Error{Kind: plugin.Data, Path: "/records", Msg: "records must have at least one piece of data"}
		}
	}
	if bodies == 0 && !maybeNone {
		return &plugin.Error{Kind: plugin.Data, Msg: "the push is empty", Hint: "it needs a body with dataType and records"}
	}
	return nil
}

// discard takes back what was staged of pushes that could not be read to their
// end: others of the same run go on.
func (in *intake) discard(ctx context.Context, shares []*share) error {
	x := in.db.On(in.conn)
	for _, s := range shares {
		if s.err == nil {
			in.take(s)
			continue
		}
		tables := []string{"staged_membership", "staged_refused"}
		for t := range in.layouts {
			tables = append(tables, "staged_"+string(t))
		}
		for _, table := range tables {
			if _, err := x.Exec(ctx, `DELETE FROM `+table+` WHERE seq > ? AND seq <= ?`, s.first, s.last); err != nil {
				return schema.Wrap(err, "take back what was staged")
			}
		}
	}
	return nil
}

// take counts what came with a push.
func (in *intake) take(s *share) {
	for t, n := range s.totals {
		in.totals[t] += n
	}
	for note, records := range s.notes {
		in.notes[note] += records
	}
}

// layoutFor answers in NocoBase's words what it cannot take.
func (in *intake) layoutFor(b Body) (*layout, error) {
	l := in.layouts[plugin.Type(b.DataType)]
	switch {
	case l == nil && b.DataType == "":
		return nil, &plugin.Error{
			Kind: plugin.Data, Path: "/dataType", Msg: "dataType undefined is not supported",
			Hint: "name it: " + in.types(),
		}
	case l == nil:
		return nil, &plugin.Error{
			Kind: plugin.Data, Path: "/dataType", Msg: fmt.Sprintf("dataType %.64s is not supported", b.DataType),
			Hint: "it is one of " + in.types(),
		}
	case b.Records == nil:
		return nil, &plugin.Error{Kind: plugin.Data, Path: "/records", Msg: "records for user data synchronize is required"}
	}
	return l, nil
}

func (in *intake) types() string {
	var types []string
	for t := range in.layouts {
		types = append(types, string(t))
	}
	slices.Sort(types)
	return strings.Join(types, ", ")
}

// add puts one record on the page: as a row to plan, or as refused.
func (in *intake) add(pg *page, l *layout, raw json.RawMessage) {
	in.seq++
	if in.again != nil {
		in.again(in.seq)
	}
	pg.n++
	pg.bytes += len(raw)
	in.share.totals[l.Type]++
	r, err := decode(l.Type, raw)
	canonical := in.canonical(l, &r)
	pg.lines = in.scribe.line(pg.lines, l.Type, canonical)
	switch {
	case err == nil && r.Deleted:
		in.addTombstone(pg, l, r, canonical)
	case err == nil:
		err = in.addRow(pg, l, r, canonical)
	}
	if err != nil {
		in.refuse(pg, r, canonical, err)
	}
}

// canonical is the record as it is kept and compared: its members sorted,
// numbers as they were written, what is not kept taken out.
func (in *intake) canonical(l *layout, r *plugin.Record) string {
	if r.Attrs == nil {
		return "null"
	}
	in.sift(l, r.Attrs)
	in.text = appendCanonical(in.text[:0], r.Attrs)
	return string(in.text)
}

// addTombstone stages a record that is gone. What else it says is kept, and
// written nowhere.
func (in *intake) addTombstone(pg *page, l *layout, r plugin.Record, canonical string) {
	in.removed++
	row := make([]any, stagedColumns+l.stated)
	row[0], row[1], row[2], row[3], row[5], row[7] = in.seq, r.UID, l.nothing(), digest(tombstone), canonical, tombstone
	pg.records[l.Type].Add(row...)
}

func (in *intake) addRow(pg *page, l *layout, r plugin.Record, canonical string) error {
	handled := handledOf(l, r.Attrs)
	said, stated, err := memberships(handled)
	if err != nil {
		return err
	}
	parent, err := textOf("parentUid", handled["parentUid"])
	if err == nil {
		err = short("parentUid", parent)
	}
	if err != nil {
		return err
	}
	row := make([]any, stagedColumns+l.stated)
	mask := bytes.Repeat([]byte{'0'}, l.stated)
	for i := range l.columns[:l.stated] {
		c := &l.columns[i]
		v, there := r.Attrs[c.Name]
		if !there {
			continue
		}
		mask[i] = '1'
		if row[stagedColumns+i], err = l.value(c, v); err != nil {
			return &plugin.Error{Kind: plugin.Data, Path: c.Name, Msg: c.Name, Err: err}
		}
	}
	row[0], row[1], row[2] = in.seq, r.UID, string(mask)
	row[3] = digest(l.print, canonical)
	if stated {
		row[4] = digest(statement(said))
		for i, m := range said {
			pg.memberships.Add(in.seq, int64(i), m.UID, optional(m.Owner), optional(m.Main))
		}
	}
	row[5] = canonical
	if parent != "" {
		row[6] = parent
	}
	pg.records[l.Type].Add(row...)
	return nil
}

// statement is what a record says of departments, as text to compare.
func statement(said []membership) string {
	var b strings.Builder
	for _, m := range said {
		fmt.Fprintf(&b, "%d:%s %s %s\n", len(m.UID), m.UID, yesNoUnsaid(m.Owner), yesNoUnsaid(m.Main))
	}
	return b.String()
}

// yesNoUnsaid is what a record says of a flag, if anything.
func yesNoUnsaid(b *bool) string {
	switch {
	case b == nil:
		return "-"
	case *b:
		return "yes"
	}
	return "no"
}

// handledOf are the members that records of the type are asked for besides
// columns: a department may have a member of its own called departments.
func handledOf(l *layout, attrs map[string]any) map[string]any {
	handled := make(map[string]any, len(l.Handled))
	for _, name := range l.Handled {
		if v, there := attrs[name]; there {
			handled[name] = v
		}
	}
	return handled
}

func optional(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

func (in *intake) refuse(pg *page, r plugin.Record, canonical string, err error) {
	var e *plugin.Error
	if !errors.As(err, &e) {
		e = &plugin.Error{Kind: plugin.Data, Msg: err.Error()}
	}
	uid := r.UID
	if uid == "" {
		uid = fmt.Sprintf("#%d", in.seq) // the record's place in the push, for want of a name
		in.unnamed[r.Type] = true
	}
	pg.refused.Add(in.seq, string(r.Type), uid, string(e.Kind), e.Path, e.Error(), canonical)
}

// digest stands for parts of text: what a record says, and how it is read.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:16])
}
