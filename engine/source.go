package engine

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Source is one configured instance of a source type: a row of NocoBase's
// userDataSyncSources.
type Source struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"` // unique; what pushes call sourceName
	SourceType  string          `json:"sourceType"`
	DisplayName string          `json:"displayName"`
	Enabled     bool            `json:"enabled"`               // a disabled source refuses to be read, pushes and callbacks
	Options     json.RawMessage `json:"options"`               // an object; secrets are null
	SecretsSet  []string        `json:"secretsSet"`            // JSON pointers of the secrets that are set, from options on: "/secret"
	CallbackURL string          `json:"callbackUrl,omitempty"` // where its system is to send callbacks, if it sends any
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

// A SourceDraft is what an operator says of a source. In a change, what is nil
// stays as it is.
type SourceDraft struct {
	Name        *string `json:"name,omitempty"`
	SourceType  *string `json:"sourceType,omitempty"` // cannot be changed
	DisplayName *string `json:"displayName,omitempty"`
	Enabled     *bool   `json:"enabled,omitempty"` // of a new source: true when left out
	// Options replace all there were. A secret that is null or left out stays as it
	// is, where the object that holds it is still there; "" clears it.
	Options json.RawMessage `json:"options,omitempty"`
}

// Sources lists the sources by name.
func (e *Engine) Sources(ctx context.Context) ([]Source, error) {
	rows, err := e.sourceRows(ctx, e.db.On(e.db))
	if err != nil {
		return nil, told(ctx, err)
	}
	sources := make([]Source, len(rows))
	for i := range rows {
		shown, err := e.show(&rows[i])
		if err != nil {
			return nil, err
		}
		sources[i] = *shown
	}
	return sources, nil
}

// Source gives one source. The error is of kind NotFound when there is none.
func (e *Engine) Source(ctx context.Context, name string) (*Source, error) {
	row, err := e.sourceRow(ctx, e.db.On(e.db), name, "")
	if err != nil {
		return nil, told(ctx, err)
	}
	return e.show(row)
}

// show gives a source without its secrets. Where nobody has registered its type
// all its options are taken for secrets.
func (e *Engine) show(row *sourceRow) (*Source, error) {
	options, err := row.kept()
	if err != nil {
		return nil, err
	}
	set := e.shape(row.SourceType).mask(options)
	raw, err := json.Marshal(options)
	return &Source{
		ID: strconv.FormatInt(row.ID, 10), Name: row.Name, SourceType: row.SourceType, DisplayName: row.DisplayName, Enabled: row.Enabled,
		Options: raw, SecretsSet: set, CallbackURL: e.callbackURL(row.Name, row.SourceType), CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
	}, err
}

// CreateSource adds a source. Options are checked against the schema of its
// type; an error is of kind Config, with all that is wrong, and Path is the
// first. It is of kind NotFound when there is no such type, and Conflict when
// there is a source of that name.
func (e *Engine) CreateSource(ctx context.Context, d SourceDraft) (*Source, error) {
	p, err := e.propose(nil, d)
	if err == nil {
		err = faulty(p.row.Name, p.faults)
	}
	if err != nil {
		return nil, err
	}
	err = e.transact(ctx, func(x schema.Conn) error {
		if err := p.row.insert(ctx, x); err != nil {
			return err
		}
		if err := p.keep(e.keys); err != nil {
			return err
		}
		return p.row.update(ctx, x)
	})
	if err != nil {
		return nil, told(ctx, err)
	}
	return e.Source(ctx, p.row.Name)
}

// UpdateSource changes a source. A new name takes along its records and all
// that is kept under its name; that is refused while a run of the source is
// under way (kind Locked), and when the name is taken (Conflict). Other errors
// are those of CreateSource.
func (e *Engine) UpdateSource(ctx context.Context, name string, d SourceDraft) (*Source, error) {
	if d.Name != nil && *d.Name != name {
		if err := e.rename(ctx, name, d); err != nil {
			return nil, told(ctx, err)
		}
		e.opened.forget(e.log, func(s *setup) bool { return s.Name == name })
		return e.Source(ctx, *d.Name)
	}
	if err := e.transact(ctx, func(x schema.Conn) error { return e.change(ctx, x, name, d) }); err != nil {
		return nil, told(ctx, err)
	}
	e.opened.forget(e.log, func(s *setup) bool { return s.Name == name })
	return e.Source(ctx, name)
}

// change writes what a draft changes of a source.
func (e *Engine) change(ctx context.Context, x schema.Conn, name string, d SourceDraft) error {
	row, err := e.sourceRow(ctx, x, name, x.DB().ForUpdate("s", false))
	if err != nil {
		return err
	}
	if d.Options == nil { // which may be of a type that nobody has registered now
		changed, faults := d.apply(row)
		if err := faulty(name, faults); err != nil {
			return err
		}
		return changed.update(ctx, x)
	}
	p, err := e.propose(row, d)
	if err == nil {
		err = faulty(name, p.faults)
	}
	if err != nil {
		return err
	}
	if err := p.keep(e.keys); err != nil {
		return err
	}
	return p.row.update(ctx, x)
}

// transact does work in one transaction.
func (e *Engine) transact(ctx context.Context, work func(x schema.Conn) error) error {
	tx, err := e.db.Begin(ctx, e.db)
	if err != nil {
		return schema.Wrap(err, "begin to change a source")
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := work(e.db.On(tx)); err != nil {
		return err
	}
	return schema.Wrap(tx.Commit(), "commit the change of a source")
}

// ValidateSource says what is wrong with a draft; nothing when it could be
// saved. With a name, what the draft leaves out, secrets included, is that of
// the source of that name; the error is of kind NotFound when there is none.
func (e *Engine) ValidateSource(ctx context.Context, name string, d SourceDraft) ([]Fault, error) {
	row, err := e.saved(ctx, name)
	if err != nil {
		return nil, err
	}
	p, err := e.propose(row, d)
	if plugin.KindOf(err) == plugin.NotFound {
		return []Fault{{"/sourceType", err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	return p.faults, nil
}

// saved reads the row that a draft goes on from; none without a name.
func (e *Engine) saved(ctx context.Context, name string) (*sourceRow, error) {
	if name == "" {
		return nil, nil
	}
	row, err := e.sourceRow(ctx, e.db.On(e.db), name, "")
	return row, told(ctx, err)
}
