package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// records is the member of a body that is not in its head.
const records = "records"

// A body is one push body, read as far as was needed to know its head.
type body struct {
	from   *bodyReader
	head   Head
	seen   map[string]bool   // members that have been read
	bare   bool              // an array of records, not an object
	listed bool              // it has records
	open   bool              // their array has not been read to the end
	held   []json.RawMessage // records read ahead
	size   int               // in bytes, of those
	final  bool              // the head cannot wait for what is still to come
}

// isDepartments says whether the records are departments, for which a match
// key means nothing.
func (b *body) isDepartments() bool { return b.head[DataType] == string(plugin.Department) }

// settled says whether no member that may follow changes how the records are
// taken.
func (b *body) settled() bool {
	_, source := b.head[SourceName]
	_, key := b.head[MatchKey]
	return b.head[DataType] != "" && source && (key || b.isDepartments())
}

// hand gives the body to the engine. Its records can be read once.
func (b *body) hand() engine.Body {
	out := engine.Body{DataType: b.head[DataType]}
	if b.listed {
		out.Records = b.records()
	}
	return out
}

// records yields the records, those read ahead first.
func (b *body) records() iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		held := b.held
		b.held = nil
		for i, raw := range held {
			held[i] = nil // nobody needs it a second time
			if !yield(raw, nil) {
				return
			}
		}
		for {
			raw, err := b.record()
			if errors.Is(err, io.EOF) || !yield(raw, err) || err != nil {
				return
			}
		}
	}
}

// hold reads records ahead until limit bytes are held or the body ends.
func (b *body) hold(limit int) error {
	for b.size < limit {
		raw, err := b.record()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		b.held = append(b.held, raw)
		b.size += len(raw)
	}
	return nil
}

// record reads the next record, or gives io.EOF and has read the body to its end.
func (b *body) record() (json.RawMessage, error) {
	if !b.open {
		return nil, io.EOF
	}
	if b.from.dec.More() {
		var raw json.RawMessage
		if err := b.from.dec.Decode(&raw); err != nil {
			return nil, b.from.fault(err)
		}
		return raw, nil
	}
	if _, err := b.from.token(); err != nil { // the bracket
		return nil, err
	}
	b.open = false
	if !b.bare {
		if err := b.advance(); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

// advance reads members up to the first record, or to the body's end.
func (b *body) advance() error {
	for b.from.dec.More() {
		name, err := b.from.token()
		if err != nil {
			return err
		}
		if err := b.member(name.(string)); err != nil || b.open {
			return err
		}
	}
	_, err := b.from.token() // the brace
	return err
}

// member reads the value of a member; of records, only the bracket.
func (b *body) member(name string) error {
	if b.seen[name] {
		return b.from.wrong(fmt.Sprintf("%s stands twice", name), "")
	}
	b.seen[name] = true
	switch name {
	case records:
		return b.begin()
	case DataType, SourceName, MatchKey:
		return b.text(name)
	}
	return b.from.wrong(fmt.Sprintf("unknown member %q", name), wantBody)
}

func (b *body) begin() error {
	token, err := b.from.token()
	if err != nil {
		return err
	}
	if token != nil && token != json.Delim('[') {
		return b.from.wrong("records is no array", wantBody)
	}
	b.listed = token != nil
	b.open = b.listed
	return nil
}

func (b *body) text(name string) error {
	token, err := b.from.token()
	if err != nil {
		return err
	}
	value, ok := token.(string)
	if !ok && token != nil {
		return b.from.wrong(name+" is no text", wantBody)
	}
	if _, given := b.from.given[name]; given && name != DataType {
		return nil // the flag says otherwise
	}
	if b.final {
		return b.from.wrong(name+" stands behind "+b.from.much(), "put it before records")
	}
	b.head[name] = value
	return nil
}
