package plugin

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
// json.Number, string, []any and map[string]any.
type Record struct {
	Type    Type
	UID     string // the source's own key; unique per source and type; 1 to 255 characters
	Deleted bool   // a tombstone: the source says the record is gone
	Attrs   map[string]any
}
