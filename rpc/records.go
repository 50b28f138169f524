package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// records is a JSON array as it came; its elements are looked at one by one.
type records json.RawMessage

func (records) wanted() string { return "an array" }

// UnmarshalJSON keeps data itself, which stays as it is, and no copy.
func (r *records) UnmarshalJSON(data []byte) error {
	if rawjson.Kind(data) != '[' {
		return errors.New("no array")
	}
	*r = data
	return nil
}

// each gives the elements; nil when there is no array.
func (r records) each() iter.Seq2[json.RawMessage, error] {
	if r == nil {
		return nil
	}
	return func(yield func(json.RawMessage, error) bool) {
		for record := range rawjson.Elements(r) {
			if !yield(record, nil) {
				return
			}
		}
	}
}

type recordParams struct {
	SourceName string      `json:"sourceName" jsonschema:"whose record"`
	DataType   plugin.Type `json:"dataType" jsonschema:"user or department"`
	UID        string      `json:"uid"`
}

type recordResult struct {
	Record *engine.StoredRecord `json:"record"`
}

func (s *session) getRecord(ctx context.Context, p recordParams) (*recordResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	r, err := e.Record(ctx, p.SourceName, p.DataType, p.UID)
	if err != nil {
		return nil, err
	}
	r.Resources = list(r.Resources)
	return &recordResult{r}, nil
}
