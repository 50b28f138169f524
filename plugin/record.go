package plugin

import (
	"encoding/json"
	"maps"
)

// A Type says what a record describes. Hosts may add more; these two are built in.
type Type string

// The built-in types, as NocoBase spells them in a push's dataType.
const (
	Department Type = "department"
	User       Type = "user"
)

// A Record is one user or department as its source knows it.
//
// Attrs holds what the source said, by NocoBase's names (nickname, username,
// email, phone, title, parentUid, departments …) and by the names of custom
// columns. A key that is missing leaves the column alone; a nil value clears
// it. Values are what encoding/json makes of JSON with UseNumber: nil, bool,
// json.Number, string, []any and map[string]any; any that encoding/json can
// write will do.
type Record struct {
	Type    Type
	UID     string // the source's own key; unique per source and type; 1 to 255 characters
	Deleted bool   // a tombstone: the source says the record is gone
	Attrs   map[string]any
}

// Ref gives the record's name.
func (r Record) Ref() Ref { return Ref{r.Type, r.UID} }

// MarshalJSON gives the record as NocoBase's userData:push takes it, an object
// of its attributes with uid and, in a tombstone, isDeleted. The type is said
// beside it.
func (r Record) MarshalJSON() ([]byte, error) {
	attrs := maps.Clone(r.Attrs)
	if attrs == nil {
		attrs = map[string]any{}
	}
	delete(attrs, "isDeleted")
	attrs["uid"] = r.UID
	if r.Deleted {
		attrs["isDeleted"] = true
	}
	return encodeAttrs(attrs)
}

// UnmarshalJSON reads what MarshalJSON writes; Type stays as it is. A uid that
// is a number is taken as its literal text, as NocoBase takes it.
func (r *Record) UnmarshalJSON(data []byte) error {
	attrs, err := decodeAttrs(data)
	if err != nil {
		return err
	}
	r.UID = ""
	switch uid := attrs["uid"].(type) {
	case string:
		r.UID = uid
	case json.Number:
		r.UID = uid.String()
	}
	r.Deleted, _ = attrs["isDeleted"].(bool)
	delete(attrs, "uid")
	delete(attrs, "isDeleted")
	r.Attrs = attrs
	return nil
}

// A Ref names a record of a source.
type Ref struct {
	Type Type   `json:"dataType"`
	UID  string `json:"uid"`
}
