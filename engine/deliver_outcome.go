package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// maxSilent is how often a change is sent to a target that answers and says
// nothing of it.
const maxSilent = 10

// send has the target apply the changes. The error says why it did not try all
// of them.
func (d *delivery) send(ctx context.Context, t plugin.Target, changes []plugin.Change) (outcomes []plugin.Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			d.engine.log.Error("panic", zap.String("in", "target "+d.target), zap.Any("panic", fault), zap.Stack("stack"))
			err = &plugin.Error{Kind: plugin.Internal, Msg: "a mistake in the target stopped it"}
		}
	}()
	outcomes, err = t.Apply(ctx, changes)
	if err != nil && ctx.Err() != nil {
		err = &plugin.Error{Kind: plugin.Transient, Msg: "the target did not answer in time"}
	}
	return outcomes, err
}

// A verdict is what is to become of a change that was sent.
type verdict struct {
	row   *outboxRow
	made  bool
	rows  []string // the target's rows for the record, if it was made
	moved bool     // they are others than before
	known bool     // it was not made: a later change may take its place
	final bool     // nor is it sent again by itself
	err   error
}

// judge says what is to become of each change. Of two outcomes the first
// counts, and those of other changes do not.
func (d *delivery) judge(changes []plugin.Change, outcomes []plugin.Outcome, failed error) []verdict {
	said := map[string]*plugin.Outcome{}
	for i := range outcomes {
		if o := &outcomes[i]; said[o.Key] == nil {
			said[o.Key] = o
		}
	}
	verdicts := make([]verdict, len(changes))
	for i, c := range changes {
		v := verdict{row: &d.rows[i]}
		if o := said[c.Key]; o != nil {
			v.answered(c, o)
		} else {
			v.unanswered(failed)
		}
		verdicts[i] = v
	}
	return verdicts
}

func (v *verdict) answered(c plugin.Change, o *plugin.Outcome) {
	v.rows = sorted(o.Rows)
	if o.Rows == nil && c.Op != plugin.Delete {
		v.rows = sorted(c.Rows)
	}
	v.err = o.Err
	if v.err == nil && slices.ContainsFunc(v.rows, tooLong) {
		v.err = &plugin.Error{Kind: plugin.Data, Msg: "the target names a row by what NocoBase cannot keep", Hint: "a row's name has 1 to 255 characters"}
	}
	v.made, v.known = v.err == nil, v.err != nil
	v.moved = v.made && !slices.Equal(v.rows, sorted(c.Rows))
	v.final = v.known && !retryable(v.err)
}

// sorted gives names in order, each once.
func sorted(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// unanswered is a change of which it is not known whether it was made. What
// kept a target from trying says that it was not, unless it may pass.
func (v *verdict) unanswered(failed error) {
	v.err = failed
	switch kind := plugin.KindOf(failed); {
	case failed == nil:
		v.err = &plugin.Error{Kind: plugin.Internal, Msg: "the target did not say what came of it", Hint: "it must give an outcome for each change"}
		v.final = v.row.Attempts >= maxSilent
	case retryable(failed), kind == plugin.Canceled:
	case kind == plugin.Internal:
		v.final = v.row.Attempts >= maxSilent
	default:
		v.final = true
	}
	v.known = v.final
}

func retryable(err error) bool {
	e, ok := errors.AsType[*plugin.Error](err)
	return ok && e.Retryable()
}

// tooLong says whether NocoBase's links cannot keep a row's name.
func tooLong(row string) bool {
	return row == "" || len([]rune(row)) > 255 || strings.ContainsRune(row, 0)
}

// settle writes what has become of the changes. A claim whose lease is over is
// somebody else's to settle.
func (d *delivery) settle(ctx context.Context, verdicts []verdict) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	db := d.engine.db
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return schema.Wrap(err, "begin to settle changes")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := db.On(tx)
	if err := d.settleMade(ctx, x, verdicts); err != nil {
		return schema.Wrap(err, "settle changes that were made")
	}
	if err := d.settleFailed(ctx, x, verdicts); err != nil {
		return schema.Wrap(err, "settle changes that were not made")
	}
	return schema.Wrap(tx.Commit(), "settle changes")
}

// settleMade takes what was made out of the outbox, and keeps the target's rows
// as NocoBase does.
func (d *delivery) settleMade(ctx context.Context, x schema.Conn, verdicts []verdict) error {
	var made []int64
	moved := map[int64]*verdict{}
	for i := range verdicts {
		if v := &verdicts[i]; v.made {
			made = append(made, v.row.ID)
			moved[v.row.ID] = v
		}
	}
	if len(made) == 0 {
		return nil
	}
	var ours []int64
	if err := x.Select(ctx, &ours, `DELETE FROM {outbox} WHERE claim = ? AND id IN (`+list(made)+`) RETURNING id`, d.claim); err != nil {
		return err
	}
	var records []int64
	var values []string
	var args []any
	for _, id := range ours {
		v := moved[id]
		if !v.moved || v.row.RecordID == nil {
			continue
		}
		records = append(records, *v.row.RecordID)
		for _, row := range v.rows {
			values = append(values, `(CAST(? AS bigint), CAST(? AS text))`)
			args = append(args, *v.row.RecordID, row)
		}
	}
	return d.link(ctx, x, records, values, args)
}

// link makes values, pairs of a record and a row, all that the records stand for
// in the target.
func (d *delivery) link(ctx context.Context, x schema.Conn, records []int64, values []string, args []any) error {
	if len(records) == 0 {
		return nil
	}
	_, err := x.Exec(ctx, `DELETE FROM {userDataSyncRecordsResources} WHERE resource = ? AND [recordId] IN (`+list(records)+`)`, d.target)
	if err != nil || len(values) == 0 {
		return err
	}
	now := x.DB().TimeLiteral(d.engine.now())
	_, err = x.Exec(ctx, `INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
		SELECT `+now+`, `+now+`, v.column1, CAST(? AS text), v.column2 FROM (VALUES `+strings.Join(values, ", ")+`) v
		WHERE EXISTS (SELECT 1 FROM {userDataSyncRecords} t WHERE t.id = v.column1)`, append([]any{d.target}, args...)...)
	return err
}

// settleFailed says of the others when they are sent again, if at all. Those
// that a later change of the record follows give way to it.
func (d *delivery) settleFailed(ctx context.Context, x schema.Conn, verdicts []verdict) error {
	var ids []int64
	var values []string
	var args []any
	var wait time.Duration // what failed together is sent again together
	for _, v := range verdicts {
		if v.made {
			continue
		}
		ids = append(ids, v.row.ID)
		kind, reason := said(v.err)
		values = append(values, `(CAST(? AS bigint), CAST(? AS boolean), CAST(? AS boolean), CAST(? AS text), CAST(? AS text))`)
		args = append(args, v.row.ID, v.final, v.known, string(kind), reason)
		wait = max(wait, backoff(v.row.Attempts, v.err))
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := x.Exec(ctx, `
		UPDATE {outbox} AS o SET due_at = CASE WHEN v.column2 THEN NULL ELSE `+d.engine.db.Now(-wait)+` END,
		       claim = CASE WHEN v.column3 THEN NULL ELSE o.claim END, kind = v.column4, reason = v.column5
		FROM (VALUES `+strings.Join(values, ", ")+`) v WHERE o.id = v.column1 AND o.claim = ?`, append(args, d.claim)...)
	if err != nil {
		return err
	}
	_, err = x.Exec(ctx, `DELETE FROM {outbox} WHERE claim IS NULL AND id IN (`+list(ids)+`) AND EXISTS (SELECT 1 FROM {outbox} o
		WHERE o.source = {outbox}.source AND o.type = {outbox}.type AND o.uid = {outbox}.uid AND o.target = {outbox}.target AND o.id > {outbox}.id)`)
	return err
}

// said is what may be kept of an error. What is no *plugin.Error may hold
// anything.
func said(err error) (plugin.Kind, string) {
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok {
		return plugin.Internal, "the target failed, and did not say why"
	}
	return e.Kind, fmt.Sprintf("%.1000s", strings.ReplaceAll(strings.ToValidUTF8(e.Error(), "\uFFFD"), "\x00", ""))
}
