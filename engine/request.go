package engine

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A request is what a run is asked for besides its records. It is kept with the
// run, for whoever has to go on with it.
type request struct {
	MatchKey string   `json:"matchKey,omitempty"`
	Actor    int64    `json:"actor,omitempty,string"`
	Options  *Options `json:"options,omitempty"` // as given with the push
	Pulled   bool     `json:"pulled,omitempty"`  // its records were read from the source
	Inline   bool     `json:"inline,omitempty"`  // as a host had set it up, which only the host knows
}

// readOptions reads how the run's source is synchronized: as the push says, else
// as NocoBase's row of the source does, else the defaults. And whether that row
// says that it is disabled.
func (r *run) readOptions(ctx context.Context) error {
	err := r.readSaidOptions(ctx)
	r.request.MatchKey = cmp.Or(r.request.MatchKey, r.options.MatchKey)
	if r.request.Pulled { // who vanishes from a source that is read stays, unless its options say otherwise
		r.options.Removal.User = cmp.Or(r.options.Removal.User, Keep)
		r.options.Removal.Department = cmp.Or(r.options.Removal.Department, Keep)
	}
	return err
}

func (r *run) readSaidOptions(ctx context.Context) error {
	var row struct {
		Options  *string
		Disabled bool
	}
	x := r.engine.db.On(r.engine.db)
	err := x.Get(ctx, &row, `SELECT CAST(options AS text) AS options, NOT coalesce(enabled, false) AS disabled FROM {userDataSyncSources} WHERE name = ?`, r.source)
	unknown := errors.Is(err, sql.ErrNoRows)
	if err != nil && !unknown {
		return schema.Wrap(err, "read the options of the source")
	}
	r.disabled = row.Disabled
	if r.request.Options != nil {
		r.options = *r.request.Options
		return r.options.check()
	}
	if unknown || row.Options == nil {
		r.options = DefaultOptions()
		return nil
	}
	var all struct {
		Sync json.RawMessage `json:"sync"`
	}
	if err := json.Unmarshal([]byte(*row.Options), &all); err != nil {
		return &plugin.Error{
			Kind: plugin.Config, Path: "/", Msg: "the source's options in userDataSyncSources are no JSON object",
			Hint: "save the source again in NocoBase's panel",
		}
	}
	r.options, err = ParseOptions(all.Sync)
	return err
}

// removal is the answer to a record of type t that is gone for that cause.
func (o *Options) removal(t plugin.Type, cause string) string {
	policy := o.Removal.User
	if t == plugin.Department {
		policy = o.Removal.Department
	}
	switch cause {
	case below:
		return Delete // as the department above it
	case replaced:
		return Unlink
	}
	switch {
	case policy != "":
		return policy
	case cause == tombstone:
		return Delete
	}
	return Keep
}
