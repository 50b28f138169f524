// Package engine is the synchronization itself. A push goes through it in one
// direction: intake (decode, check, stage) → plan (match, refuse, compare) →
// apply (chunk by chunk) → settle (count, tell). Planning writes nothing of
// NocoBase's; applying decides nothing.
package engine

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// An Engine synchronizes into one database. It is safe for concurrent use.
type Engine struct {
	db      *schema.DB
	targets []Target
	log     *zap.Logger
	now     func() time.Time
	queue   *queue
	joints  *joints
	living  *living
	owner   string // how this process signs the runs it holds

	patience time.Duration // with those who hold rows that a run has to write
	watch    func(target string, ids []int64)

	adapters   *plugin.Registry
	opened     *opened
	postbox    *postbox
	inbox      chan struct{}   // has one when events have come
	closing    context.Context // ends when the engine is being closed
	close      context.CancelFunc
	background sync.WaitGroup // runs that nobody waits for
	outbox     *outbox
	keys       *Keys
	watchTasks func(Task, Progress)
	publicURL  PublicURL
	shapes     shapes
	resolve    Resolver // nil: the row of a source says all

	tokens  tokens
	archive *Archive // nil: what is received is kept in the database only
}

// New makes an engine on db, which must have been migrated. Targets are
// written in the order given: NocoBase's is users, then departments.
func New(db *schema.DB, targets []Target, log *zap.Logger) *Engine {
	host, _ := os.Hostname() // it only helps an operator to find the process
	closing, closeAll := context.WithCancel(context.Background())
	e := &Engine{
		opened: newOpened(), adapters: &plugin.Registry{}, inbox: make(chan struct{}, 1), closing: closing, close: closeAll,
		db: db, targets: targets, log: log, now: time.Now, queue: newQueue(), joints: &joints{open: map[string]*joint{}}, living: newLiving(),
		patience: patience, outbox: newOutbox(),
		owner: host + "/" + strconv.Itoa(os.Getpid()) + "/" + strconv.FormatInt(time.Now().UnixNano(), 36),
	}
	e.postbox = &postbox{engine: e}
	return e
}

// Targets names the target resources in the order they are written.
func (e *Engine) Targets() []plugin.TargetInfo {
	infos := make([]plugin.TargetInfo, len(e.targets))
	for i, t := range e.targets {
		infos[i] = t.Info()
	}
	return infos
}

// types are the record types that become rows, in the order they are
// synchronized: departments come before the people in them.
func (e *Engine) types() []*Table {
	var tables []*Table
	for _, target := range e.targets {
		for _, t := range target.Info().Accepts {
			if table := target.Table(t); table != nil {
				tables = append(tables, table)
			}
		}
	}
	slices.SortStableFunc(tables, func(a, b *Table) int { return rank(a.Type) - rank(b.Type) })
	return tables
}

func rank(t plugin.Type) int {
	return slices.Index([]plugin.Type{plugin.Department, plugin.User}, t)
}

// Health says whether the database answers. The error has a kind.
func (e *Engine) Health(ctx context.Context) error {
	if err := e.db.PingContext(ctx); err != nil {
		err = schema.Wrap(err, "ask the database")
		return faultOf(cmp.Or(kindOf(err), plugin.Transient), err)
	}
	return nil
}

// Host is the NocoBase in whose database the engine works.
type Host = schema.Host

// Host is nil where the tables are Roster's own.
func (e *Engine) Host() *Host { return e.db.Host() }

// Dialect names the kind of database: "postgres" or "sqlite".
func (e *Engine) Dialect() string { return e.db.Dialect() }

// Close closes the database once the runs in hand have ended; cancel their
// contexts to have them end soon. Those that Start began are interrupted.
func (e *Engine) Close() error {
	e.close()
	e.background.Wait()
	e.queue.close()
	e.opened.close(e.log)
	return errors.Join(e.archive.Close(), e.db.Close())
}
