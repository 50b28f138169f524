package wecom

import (
	"fmt"
	"slices"
	"strings"
)

// A doubt is why somebody may be missing from a reading.
type doubt struct {
	What string   `json:"what"` // a call, or an option
	Why  string   `json:"why"`
	Of   []string `json:"of,omitempty"` // the ids of departments, the first of them
	N    int      `json:"n"`            // how many it happened to
}

// Doubts are kept with the State of a page.
type doubts []doubt

// maxNamed is how many departments a doubt names.
const maxNamed = 10

// code notes that a call about a department was refused with a code; about none
// where id is empty.
func (d *doubts) code(call string, c int, id string) {
	why := "the answer is not what WeCom documents"
	if c != 0 {
		why = code(c).Error()
	}
	d.note(call, why, id)
}

// note adds a doubt to those of its kind.
func (d *doubts) note(what, why, id string) {
	i := slices.IndexFunc(*d, func(one doubt) bool { return one.What == what && one.Why == why })
	if i < 0 {
		i = len(*d)
		*d = append(*d, doubt{What: what, Why: why})
	}
	one := &(*d)[i]
	one.N++
	if id != "" && len(one.Of) < maxNamed {
		one.Of = append(one.Of, id)
	}
}

// sentences say them to the operator.
func (d doubts) sentences() []string {
	var all []string
	for _, one := range d {
		all = append(all, one.String())
	}
	return all
}

// String says it to the operator.
func (d doubt) String() string {
	of := ""
	switch more := d.N - len(d.Of); {
	case len(d.Of) == 0 && d.N > 1:
		of = fmt.Sprintf(" (%d times)", d.N)
	case len(d.Of) == 1 && more == 0:
		of = " of department " + d.Of[0]
	case len(d.Of) > 0:
		of = " of departments " + strings.Join(d.Of, ", ")
		if more > 0 {
			of += fmt.Sprintf(" and %d more", more)
		}
	}
	return d.What + of + ": " + d.Why + "; nobody is taken for gone"
}
