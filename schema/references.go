package schema

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
)

// A Reference says that rows of a table refer to rows of another, and what
// becomes of them when those are removed: what NocoBase keeps in its map of
// references, with the names that the database has.
type Reference struct {
	Table        string `json:"table" jsonschema:"the table whose rows refer, as SQL, with its schema where it has one: \"nbs\".\"nb_users_authenticators\""`
	Column       string `json:"column" jsonschema:"its column that refers, not quoted: user_id"`
	Target       string `json:"target" jsonschema:"the table that is referred to, as SQL"`
	TargetColumn string `json:"targetColumn" jsonschema:"its column that is referred to, not quoted: id"`
	OnDelete     string `json:"onDelete" jsonschema:"what becomes of rows that refer to one that goes: CASCADE, SET NULL, RESTRICT or NO ACTION"`
}

// What becomes of rows that refer to one that goes.
const (
	Cascade  = "CASCADE"   // they go with it
	SetNull  = "SET NULL"  // they refer to nothing
	Restrict = "RESTRICT"  // it must not go
	NoAction = "NO ACTION" // they are left alone
)

// SetReferences hands over NocoBase's references, in place of those that the
// database tells of; it must come before any use. Nil takes them back.
func (db *DB) SetReferences(references []Reference) { db.references = references }

// Reference makes a reference of the names that NocoBase has for collections
// and fields.
func (db *DB) Reference(collection, field, target, targetField, onDelete string) Reference {
	return Reference{
		Table: db.Table(collection), Column: db.naming.column(field),
		Target: db.Table(target), TargetColumn: db.naming.column(targetField), OnDelete: onDelete,
	}
}

// References are those that were handed over. Without a host they are read from
// NocoBase's fields, and those are added that stand in the code of its own
// plugins. Some may be of tables that are not there: see Relations.Tie.
func (db *DB) References(ctx context.Context, x Conn) ([]Reference, error) {
	if db.references != nil {
		return db.references, nil
	}
	fields, err := db.Fields(ctx, x)
	if err != nil || len(fields) == 0 {
		return nil, err
	}
	var found references
	for _, f := range fields {
		o, explicit := f.Options, f.Options.OnDelete != ""
		add := func(from, field, to, key, otherwise string) {
			if from != "" && field != "" && to != "" {
				found.add(db.Reference(from, field, to, cmp.Or(key, "id"), strings.ToUpper(cmp.Or(o.OnDelete, otherwise))), explicit)
			}
		}
		switch f.Type {
		case "belongsTo":
			add(f.Collection, o.ForeignKey, o.Target, o.TargetKey, NoAction)
		case "hasOne", "hasMany":
			add(o.Target, o.ForeignKey, f.Collection, o.SourceKey, NoAction)
		case "belongsToMany":
			add(o.Through, o.OtherKey, o.Target, o.TargetKey, Cascade)
			add(o.Through, o.ForeignKey, f.Collection, o.SourceKey, Cascade)
		}
	}
	for _, collection := range pluginsOwn() {
		found.add(db.Reference(collection, "userId", "users", "id", Cascade), false)
	}
	return found.list, nil
}

// pluginsOwn are collections of NocoBase's plugins whose field userId refers to
// users by their code, not by a row of the table of fields.
func pluginsOwn() []string {
	return []string{"usersAuthenticators", "usersVerificators", "usersVerifiers", "usersAiEmployees", "usersAiWorkflowTasks"}
}

// references gathers references as NocoBase does: of two that are of the same
// columns, what somebody said beats a default, CASCADE beats SET NULL, and else
// the first stays.
type references struct {
	list     []Reference
	explicit []bool
}

func (r *references) add(ref Reference, explicit bool) {
	i := slices.IndexFunc(r.list, func(known Reference) bool {
		known.OnDelete = ref.OnDelete
		return known == ref
	})
	switch {
	case i < 0:
		r.list, r.explicit = append(r.list, ref), append(r.explicit, explicit)
	case explicit && !r.explicit[i], explicit && r.list[i].OnDelete == SetNull && ref.OnDelete == Cascade:
		r.list[i], r.explicit[i] = ref, true
	}
}

// Check says what of a reference cannot be one: the member, and what is wrong
// with it.
func (r Reference) Check() (member, wrong string) {
	for _, name := range []struct{ member, sql string }{{"table", r.Table}, {"target", r.Target}} {
		if !quoted.MatchString(name.sql) {
			return name.member, `is no quoted name such as "nbs"."nb_users"`
		}
	}
	for _, name := range []struct{ member, plain string }{{"column", r.Column}, {"targetColumn", r.TargetColumn}} {
		if name.plain == "" {
			return name.member, "is missing"
		}
	}
	if !slices.Contains([]string{Cascade, SetNull, Restrict, NoAction}, r.OnDelete) {
		return "onDelete", "is none of CASCADE, SET NULL, RESTRICT and NO ACTION"
	}
	return "", ""
}

// quoted is the name of a table as SQL, of its schema and itself, or itself.
var quoted = regexp.MustCompile(`^"(?:[^"\x00]|"")+"(?:\."(?:[^"\x00]|"")+")?$`)
