package plugintest

import (
	"fmt"

	"github.com/nocobase-roster/roster/plugin"
)

// rowChecks hold a target to what it promises of its rows.
func rowChecks() []Check[Shelf] {
	return []Check[Shelf]{
		{
			Name: "the rows of an outcome come back as those of a change",
			Why:  "a record would be created again with every change",
			Run: func(t T, s Shelf) {
				created := s.apply(t, creation("create", s.Records[0]))[0]
				changed := s.Records[0]
				changed.Attrs = s.Records[1].Attrs
				s.apply(t, plugin.Change{Key: "update", Op: plugin.Update, ID: "1", Record: changed, Rows: created.Rows})
				s.expect(t, "one was created and changed", changed)
			},
		},
		{
			Name: "a deleted record is not held any more",
			Why:  "people who left would stay",
			Run: func(t T, s Shelf) {
				created := s.apply(t, s.creates()...)
				s.apply(t, removal(s.Records[0], created[0].Rows))
				s.expect(t, "one was deleted", s.Records[1:]...)
			},
		},
		{
			Name: "the deletion of a record that the target has no row for is nothing to do",
			Why:  "a change that can never be made is tried for ever",
			Run: func(t T, s Shelf) {
				outcome := s.apply(t, removal(s.Records[0], nil))[0]
				if len(outcome.Rows) > 0 {
					t.Errorf("a deletion of nothing has the rows %q", outcome.Rows)
				}
				s.expect(t, "one that was not there was deleted")
			},
		},
	}
}

func removal(r plugin.Record, rows []string) plugin.Change {
	r.Deleted = true
	return plugin.Change{Key: "delete " + r.UID, Op: plugin.Delete, ID: "of " + r.UID, Source: "directory", Record: r, Rows: rows}
}

// finderChecks hold a target to what it promises as a Finder.
func finderChecks() []Check[Shelf] {
	return []Check[Shelf]{{
		Name:  "Find gives the rows that have one of the values, and no error for the others",
		Why:   "people who are there would be created a second time",
		Needs: func(s Shelf) bool { return s.Field != "" },
		Run: func(t T, s Shelf) {
			finder, ok := s.Target.(plugin.Finder)
			if !ok {
				t.Fatalf("the target is no Finder")
			}
			rows := s.apply(t, s.creates()...)[0].Rows
			value := fmt.Sprint(s.Records[0].Attrs[s.Field])
			found, err := finder.Find(t.Context(), plugin.Query{Type: s.Records[0].Type, Field: s.Field, Values: []string{value, "nobody's"}})
			if err != nil || len(found) != 1 || len(rows) == 0 || found[0].Row != rows[0] || found[0].Value != value {
				t.Errorf("Find() = %+v, %v; want row %q with %s", found, err, rows, s.Field)
			}
		},
	}}
}
