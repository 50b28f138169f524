package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/nocobase-roster/roster/plugin"
)

// Bounds of what a record may be. NocoBase keeps uids in 255 characters.
const (
	maxRecord = 1 << 20 // bytes of JSON
	maxUID    = 255     // characters
	maxDepth  = 100     // objects and lists inside each other; PostgreSQL reads JSON recursively
)

// decode makes a record of the JSON object a push holds. What is no record
// comes back as a *plugin.Error of kind Data, with what could be read of it.
func decode(t plugin.Type, raw json.RawMessage) (plugin.Record, error) {
	r := plugin.Record{Type: t}
	if len(raw) > maxRecord {
		return r, bad("", "the record has %d bytes of JSON, at most %d are taken", len(raw), maxRecord)
	}
	if !utf8.Valid(raw) {
		return r, bad("", "the record is not valid UTF-8")
	}
	if depth(raw) > maxDepth {
		return r, bad("", "the record nests objects and lists more than %d deep", maxDepth)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&r.Attrs); err != nil || r.Attrs == nil {
		return r, bad("", "the record is not a JSON object")
	}
	uid, err := textOf("uid", r.Attrs["uid"])
	if err != nil {
		return r, err
	}
	if uid == "" {
		return r, withoutUID(r.Attrs)
	}
	if err := short("uid", uid); err != nil {
		return r, err
	}
	r.UID = uid
	r.Deleted, err = flag("isDeleted", r.Attrs["isDeleted"])
	return r, err
}

// withoutUID answers in NocoBase's words, and names the mistake that an older
// page of its documentation leads to.
func withoutUID(attrs map[string]any) error {
	err := bad("uid", "record must has uid")
	for _, old := range []string{"id", "uniqueKey"} {
		if _, there := attrs[old]; there {
			err.Hint = fmt.Sprintf("it has %s, as an older page of NocoBase's documentation says; the member is called uid", old)
		}
	}
	return err
}

// textOf reads a key: a string, or a number by its literal. Missing and null
// are empty.
func textOf(field string, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		if bytes.IndexByte([]byte(v), 0) >= 0 {
			return "", bad(field, "the %s holds a NUL character, which a database cannot keep", field)
		}
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", bad(field, "%s must be a text or a number", field)
}

// short refuses a uid longer than those that NocoBase keeps.
func short(field, uid string) error {
	if n := utf8.RuneCountInString(uid); n > maxUID {
		return bad(field, "the uid has %d characters, NocoBase keeps %d", n, maxUID)
	}
	return nil
}

// depth is how deep objects and lists stand inside each other; text that holds
// few brackets is not looked into.
func depth(raw []byte) int {
	if bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) <= maxDepth {
		return 0
	}
	deep, deepest := 0, 0
	for i, quoted := 0, false; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			deep++
			deepest = max(deepest, deep)
		case c == ']', c == '}':
			deep--
		}
	}
	return deepest
}

func flag(field string, v any) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	}
	return false, bad(field, "%s must be true or false", field)
}

func bad(field, format string, args ...any) *plugin.Error {
	return &plugin.Error{Kind: plugin.Data, Path: field, Msg: fmt.Sprintf(format, args...)}
}

// A membership is what a user's record says of one department.
type membership struct {
	UID   string `json:"uid"`
	Owner *bool  `json:"isOwner,omitempty"` // nil: not said
	Main  *bool  `json:"isMain,omitempty"`
}

// memberships reads the departments of a user's record: uids, or objects
// {uid, isOwner, isMain}. A department named twice counts once, as it is named
// last. The second result says whether the record speaks of departments at all.
func memberships(attrs map[string]any) ([]membership, bool, error) {
	v, stated := attrs["departments"]
	if !stated || v == nil {
		return nil, stated, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, true, bad("departments", "departments must be a list")
	}
	said := make([]membership, 0, len(list))
	at := make(map[string]int, len(list))
	for _, v := range list {
		m, err := membershipOf(v)
		if err != nil {
			return nil, true, err
		}
		if i, twice := at[m.UID]; twice {
			said[i] = m
			continue
		}
		at[m.UID] = len(said)
		said = append(said, m)
	}
	return said, true, nil
}

func membershipOf(v any) (membership, error) {
	object, ok := v.(map[string]any)
	if !ok {
		object = map[string]any{"uid": v}
	}
	uid, err := textOf("uid", object["uid"])
	if err != nil || uid == "" {
		return membership{}, bad("departments", "each of departments must be a uid or an object with a uid")
	}
	if err := short("departments", uid); err != nil {
		return membership{}, err
	}
	m := membership{UID: uid}
	for field, to := range map[string]**bool{"isOwner": &m.Owner, "isMain": &m.Main} {
		v, there := object[field]
		if !there || v == nil {
			continue
		}
		b, ok := v.(bool)
		if !ok {
			return m, bad("departments", "%s of a department must be true or false", field)
		}
		*to = &b
	}
	return m, nil
}
