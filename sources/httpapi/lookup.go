package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// A search is a look-up of single records.
type search struct {
	source *source
	found  []plugin.Record
	plugin.Reading
}

// lookup finds records by their own address, where their list has one, and else
// by reading the list.
func (s *source) lookup(ctx context.Context, refs []plugin.Ref, emit func(plugin.Page) error) (plugin.Reading, error) {
	q := &search{source: s}
	for _, l := range s.lists {
		var err error
		if mine := of(l.typ, refs); len(mine) > 0 && l.lookup != "" {
			err = q.askEach(ctx, l, mine)
		} else if len(mine) > 0 {
			err = q.readAll(ctx, l, mine)
		}
		if err != nil {
			return plugin.Reading{}, fmt.Errorf("look up %s: %w", l.name, err)
		}
	}
	for _, ref := range refs {
		if s.list(ref.Type) == nil {
			q.Hidden = append(q.Hidden, ref)
		}
	}
	for page := range slices.Chunk(q.found, pageRecords) {
		if err := emit(plugin.Page{Records: page}); err != nil {
			return plugin.Reading{}, err
		}
	}
	return q.Reading, nil
}

func of(t plugin.Type, refs []plugin.Ref) []plugin.Ref {
	return slices.DeleteFunc(slices.Clone(refs), func(ref plugin.Ref) bool { return ref.Type != t })
}

func (q *search) askEach(ctx context.Context, l *list, refs []plugin.Ref) error {
	for _, ref := range refs {
		if err := q.ask(ctx, l, ref); err != nil {
			return err
		}
	}
	return nil
}

// ask asks the address of one record. Only the system's own word that it is not
// there makes it gone: a web page that says so may be a proxy's, and a record
// that may not be read may well be there.
func (q *search) ask(ctx context.Context, l *list, ref plugin.Ref) error {
	asked, err := l.callFor(ref.UID)
	if err != nil {
		q.Hidden = append(q.Hidden, ref)
		return nil
	}
	var record *plugin.Record
	empty := true
	err = q.source.client.get(ctx, asked, func(a *answer) error {
		record, empty = nil, true
		values, err := walk(a.body, shape{records: l.lookupRecord, single: true}, func(theirs map[string]any) error {
			empty = false
			if r, ok := l.mapping.record(l.typ, theirs); ok && r.UID == ref.UID {
				record = &r
			}
			return nil
		})
		if _, null := values[l.lookupRecord.String()]; null {
			empty = false // that may be how the system fails
		}
		return err
	})
	var no *refusal
	switch refused := errors.As(err, &no); {
	case refused && !no.page && (no.status == http.StatusNotFound || no.status == http.StatusGone), err == nil && empty:
		q.Gone = append(q.Gone, ref)
	case refused && (no.status == http.StatusForbidden || no.status == http.StatusNotFound || no.status == http.StatusGone), err == nil && record == nil:
		q.Hidden = append(q.Hidden, ref)
	case err != nil:
		return err
	default:
		q.found = append(q.found, *record)
	}
	return nil
}

// fill puts a uid into an address.
func fill(template, uid string) string {
	address, query, _ := strings.Cut(template, "?")
	address = strings.ReplaceAll(address, "{uid}", url.PathEscape(uid))
	if query == "" {
		return address
	}
	return address + "?" + strings.ReplaceAll(query, "{uid}", url.QueryEscape(uid))
}

// readAll reads the whole list for some records of it.
func (q *search) readAll(ctx context.Context, l *list, refs []plugin.Ref) error {
	found := map[plugin.Ref]plugin.Record{}
	alone := &source{client: q.source.client, lists: []*list{l}}
	whole, err := alone.Read(ctx, plugin.Request{}, func(p plugin.Page) error {
		for _, r := range p.Records {
			if slices.Contains(refs, r.Ref()) {
				found[r.Ref()] = r
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, ref := range refs {
		switch record, ok := found[ref]; {
		case ok:
			q.found = append(q.found, record)
		case whole.Complete:
			q.Gone = append(q.Gone, ref)
		default:
			q.Hidden = append(q.Hidden, ref)
		}
	}
	return nil
}
