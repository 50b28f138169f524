package engine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// notes counts what was left out of records, by field and reason.
type notes map[Note]int

func (n notes) add(t plugin.Type, field, reason string) {
	field = fmt.Sprintf("%.64s", field) // a name, not a value; still, somebody else's text
	key := Note{Type: t, Field: field, Reason: reason}
	if _, known := n[key]; !known && len(n) >= maxNotes {
		return
	}
	n[key]++
}

// maxNotes bounds what records with made-up members can make us keep.
const maxNotes = 200

// list gives the notes in a fixed order.
func (n notes) list() []Note {
	list := make([]Note, 0, len(n))
	for note, records := range n {
		note.Records = records
		list = append(list, note)
	}
	slices.SortFunc(list, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}
