package engine

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/schema"
)

const (
	tokensFresh = 2 * time.Second // how long the tokens are taken to be as they were read
	usedAgain   = time.Minute     // how often it is noted that a token is in use
)

// tokens are those that are good, as they were read last: a look at the database
// for each push would cost more than the push. There are few of them, so all are
// read at once.
type tokens struct {
	mu     sync.Mutex // guards what follows, and is held while they are read
	read   time.Time
	byHash map[string]*tokenRow
	noted  map[int64]time.Time // when it was noted that one is in use, by id
}

// find gives the token of that hash, or nil. One that is not known may have been
// made since: they are read again, once for all who asked meanwhile.
func (t *tokens) find(ctx context.Context, e *Engine, hash string) (*tokenRow, error) {
	asked := e.now()
	t.mu.Lock()
	row, err := t.look(ctx, e, hash, asked)
	use := row != nil && asked.Sub(t.noted[row.ID]) >= usedAgain
	if use {
		t.noted[row.ID] = asked
	}
	t.mu.Unlock()
	if use {
		e.noteUse(ctx, row)
	}
	return row, err
}

// look is find, without noting anything. The mutex is held.
func (t *tokens) look(ctx context.Context, e *Engine, hash string, asked time.Time) (*tokenRow, error) {
	row := t.byHash[hash]
	if row != nil && asked.Sub(t.read) < tokensFresh || row == nil && t.read.After(asked) {
		return row, nil
	}
	var rows []*tokenRow
	begun := e.now()
	err := e.db.On(e.db).Select(ctx, &rows, `SELECT `+tokenColumns+` FROM {tokens} WHERE expires_at IS NULL OR expires_at > `+e.db.Now(0))
	if err != nil {
		return nil, schema.Wrap(err, "read the tokens")
	}
	t.read, t.byHash = begun, make(map[string]*tokenRow, len(rows))
	noted := t.noted
	t.noted = make(map[int64]time.Time, len(rows))
	for _, row := range rows {
		t.byHash[row.Hash] = row
		t.noted[row.ID] = noted[row.ID]
	}
	return t.byHash[hash], nil
}

// forget has the tokens read again before the next look.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read, t.byHash = time.Time{}, nil
}

// noteUse notes that a token is in use. What keeps it from that is no fault of
// who uses it.
func (e *Engine) noteUse(ctx context.Context, row *tokenRow) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := e.db.On(e.db).Exec(ctx, `UPDATE {tokens} SET used_at = `+e.db.Now(0)+` WHERE id = ? AND (used_at IS NULL OR used_at < `+e.db.Now(usedAgain)+`)`, row.ID)
	if err != nil && ctx.Err() == nil { // where somebody writes for long, it is noted another time
		e.log.Warn("that a token is in use could not be noted", zap.String("token", row.Name), zap.Error(err))
	}
}
