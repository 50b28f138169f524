package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/plugin"
)

// wantBody says what a file should hold.
const wantBody = `want {"dataType": "user", "sourceName": "…", "matchKey": "…", "records": […]}, ` +
	`or an array of records with --type`

// fault says where and why reading ended early.
func (r *bodyReader) fault(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.wrong("the input ends in the middle of a push", "it was cut off: write it again, then push it again")
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return r.say(r.dec.InputOffset()+r.into(), "not JSON: "+syntax.Error(), "")
	}
	return fmt.Errorf("read %s: %w", r.name, err)
}

// wrong says that what was just read is not what it must be.
func (r *bodyReader) wrong(what, hint string) error {
	return r.say(r.dec.InputOffset(), what, hint)
}

func (r *bodyReader) say(at int64, what, hint string) error {
	return &plugin.Error{
		Kind: plugin.Data,
		Msg:  fmt.Sprintf("%s, byte %s: %s", r.name, humanize.Comma(at), what),
		Hint: hint,
	}
}

// much says how many records are too many to look behind them.
func (r *bodyReader) much() string {
	return "more than " + humanize.IBytes(uint64(r.limit)) + " of records"
}

// into gives how far behind the last good token the text stops being JSON. The
// decoder's own errors count from elsewhere when it reads token by token, so
// what it could not read is read once more.
func (r *bodyReader) into() int64 {
	rest, err := io.ReadAll(r.dec.Buffered())
	if err != nil {
		return 0
	}
	value := bytes.TrimLeft(rest, " \t\r\n,:")
	var raw json.RawMessage
	syntax, ok := errors.AsType[*json.SyntaxError](json.NewDecoder(bytes.NewReader(value)).Decode(&raw))
	if !ok {
		return 1
	}
	return int64(len(rest)-len(value)) + syntax.Offset
}
