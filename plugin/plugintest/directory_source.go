package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

const directoryOptions = `{"type":"object","properties":{"key":{
"type":"string","writeOnly":true,"title":"Key","description":"With which callbacks are signed."}}}`

// Driver gives the driver of a source type, "directory", that reads the directory.
func (d *Directory) Driver() plugin.Driver {
	type options struct {
		Key plugin.Secret `json:"key"`
	}
	return plugin.NewDriver(plugin.SourceType{
		Name: "directory", Title: "Directory in memory", Origin: "test", DataTypes: []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: json.RawMessage(directoryOptions),
		Capabilities:  plugin.Capabilities{Pull: true, Webhook: true, Lookup: true, Check: true},
	}, func(_ context.Context, o options, log *zap.Logger) (plugin.Source, error) {
		return &directorySource{d, o.Key, log}, nil
	})
}

type directorySource struct {
	d   *Directory
	key plugin.Secret
	log *zap.Logger
}

// A bookmark is the State of a page.
type bookmark struct {
	Version int
	Next    int
	Counts  map[plugin.Type]int
}

func (s *directorySource) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	if len(req.Only) > 0 {
		return s.lookup(ctx, req.Only, emit)
	}
	var at bookmark
	if json.Unmarshal(req.State, &at) != nil || at.Counts == nil {
		at = bookmark{Counts: map[plugin.Type]int{}}
	}
	for {
		records, version, err := s.page(ctx, at.Next)
		switch {
		case err != nil:
			return plugin.Reading{}, err
		case at.Next == 0:
			at.Version = version
		case version != at.Version: // what was where has changed: begin anew
			at = bookmark{Counts: map[plugin.Type]int{}}
			continue
		}
		if len(records) == 0 {
			return plugin.Reading{Complete: true, Counts: at.Counts}, nil
		}
		if err := s.hand(&at, records, emit); err != nil {
			return plugin.Reading{}, err
		}
	}
}

// page asks three times.
func (s *directorySource) page(ctx context.Context, from int) (records []plugin.Record, version int, err error) {
	for range 3 {
		if records, version, err = s.d.page(ctx, from); err == nil || ctx.Err() != nil {
			break
		}
		s.log.Debug("asking the directory again", zap.Error(err))
	}
	return records, version, err
}

func (s *directorySource) hand(at *bookmark, records []plugin.Record, emit func(plugin.Page) error) error {
	at.Next += len(records)
	for _, r := range records {
		at.Counts[r.Type]++
	}
	state, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return emit(plugin.Page{Records: records, State: state})
}

func (s *directorySource) lookup(ctx context.Context, refs []plugin.Ref, emit func(plugin.Page) error) (plugin.Reading, error) {
	var reading plugin.Reading
	var found []plugin.Record
	for _, ref := range refs {
		switch record, ok, hidden, err := s.d.look(ctx, ref); {
		case err != nil:
			return plugin.Reading{}, err
		case hidden:
			reading.Hidden = append(reading.Hidden, ref)
		case !ok:
			reading.Gone = append(reading.Gone, ref)
		default:
			found = append(found, record)
		}
	}
	if len(found) == 0 {
		return reading, nil
	}
	return reading, emit(plugin.Page{Records: found})
}

func (s *directorySource) Check(ctx context.Context) (plugin.Check, error) {
	records, _, err := s.d.page(ctx, 0)
	if err != nil {
		return plugin.Check{Steps: []plugin.Step{{Name: "read", Message: err.Error(), Hint: "try again later"}}}, nil
	}
	step := plugin.Step{Name: "read", OK: true, Message: fmt.Sprintf("the first page has %d records", len(records))}
	return plugin.Check{Steps: []plugin.Step{step}, Sample: records[:min(len(records), 10)]}, nil
}

func (s *directorySource) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	if c.Header.Get("Signature") != s.key.Reveal() {
		return plugin.Answer{Status: http.StatusForbidden}, nil, nil
	}
	var event plugin.Event
	if json.Unmarshal(c.Body, &event) != nil {
		return plugin.Answer{Status: http.StatusBadRequest}, nil, nil
	}
	return plugin.Answer{}, []plugin.Event{event}, nil
}
