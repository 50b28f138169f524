package engine

import (
	"slices"
	"strings"
	"unicode"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// secret says whether a member of that name is a secret, in whatever case and
// however its words are joined: NocoBase keeps what is pushed in metaData,
// which many may read.
func secret(name string) bool {
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	switch plain {
	case "password", "passwd", "pwd", "passphrase", "passwordhash", "hashedpassword", "newpassword", "oldpassword", "confirmpassword",
		"token", "resettoken", "accesstoken", "refreshtoken", "idtoken", "authtoken", "apitoken",
		"secret", "clientsecret", "appsecret", "corpsecret", "apikey", "privatekey", "credentials":
		return true
	}
	return false
}

// A fate is what becomes of a member of a record.
type fate struct {
	dropped bool   // not kept with the record either
	reason  string // why it goes into no column; empty for what does, or what other parts read
}

// fates remembers what becomes of the members met so far.
type fates map[fateOf]fate

type fateOf struct {
	t      plugin.Type
	name   string
	nested bool
}

// maxFates bounds what records with made-up members can make us keep.
const maxFates = 10_000

// sift takes out of a record what is not kept, and notes, once per field, what
// goes into no column.
func (in *intake) sift(l *layout, attrs map[string]any) {
	in.siftObject(l, attrs, false)
}

func (in *intake) siftObject(l *layout, members map[string]any, nested bool) {
	for name, v := range members {
		f := in.fate(l, fateOf{l.Type, name, nested})
		if f.reason != "" {
			in.share.notes.add(l.Type, name, f.reason)
		}
		if f.dropped {
			delete(members, name)
			continue
		}
		in.siftValue(l, v)
	}
}

func (in *intake) siftValue(l *layout, v any) {
	switch v := v.(type) {
	case map[string]any:
		in.siftObject(l, v, true)
	case []any:
		for _, element := range v {
			in.siftValue(l, element)
		}
	}
}

func (in *intake) fate(l *layout, of fateOf) fate {
	f, known := in.fates[of]
	if !known {
		f = l.fate(of.name, of.nested)
		if len(in.fates) < maxFates {
			in.fates[of] = f
		}
	}
	return f
}

// fate says what becomes of a member of that name: of the record itself, or
// nested in a value of it.
func (l *layout) fate(name string, nested bool) fate {
	named := func(c schema.Column) bool { return c.Name == name }
	switch {
	case secret(name):
		return fate{true, "is a secret: taken out and not kept"}
	case nested, name == "uid", name == "isDeleted", slices.Contains(l.Handled, name), slices.ContainsFunc(l.columns[:l.stated], named):
		return fate{}
	case slices.Contains(l.Associations, name):
		return fate{true, "is a relation, which a sync does not write: a directory must not grant rights"}
	case slices.Contains(l.Protected, name):
		return fate{false, "is NocoBase's own to set"}
	case l.computed(name) != "":
		return fate{false, l.computed(name)}
	case slices.ContainsFunc(l.fixed, named) && reserved(name):
		return fate{false, "is a name that a sync keeps for itself: the column is left alone"}
	case slices.ContainsFunc(l.fixed, named):
		return fate{false, "has a type that a sync cannot write"}
	}
	return fate{false, l.Name + " has no such column; kept with the record"}
}
