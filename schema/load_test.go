package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestRowsAreLoadedToTheLetter(t *testing.T) {
	texts := []any{
		nil, "", `\`, `\N`, `\.`, "a\tb\nc\rd", "\\\n", `"`, `'`, "漢字😀", strings.Repeat("x", 59<<10), strings.Repeat("漢\n", 100<<10), "\v\f\b\x01",
	}
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		ctx := t.Context()
		conn, err := db.Connx(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := db.Temp(ctx, db.On(conn), "loaded", db.Key("n")+`, t text, b boolean, f double precision`); err != nil {
			t.Fatal(err)
		}
		type row struct {
			N int64
			T *string
			B *bool
			F *float64
		}
		rows := db.Rows(4)
		var want []row
		for round := range 30 { // several blocks of COPY, several INSERTs
			for i, text := range texts {
				r := row{N: int64(round*100 + i)}
				values := []any{r.N, text, nil, nil}
				if s, ok := text.(string); ok {
					r.T = &s
				}
				if i%2 == 0 {
					b, f := i%4 == 0, float64(i)/3
					values[2], values[3], r.B, r.F = b, f, &b, &f
				}
				rows.Add(values...)
				want = append(want, r)
			}
		}
		if err := db.Load(ctx, conn, "loaded", []string{"n", "t", "b", "f"}, rows); err != nil {
			t.Fatalf("Load() = %v", err)
		}
		var got []row
		if err := db.On(conn).Select(ctx, &got, `SELECT n, t, b, f FROM loaded ORDER BY n`); err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(want, got) {
			t.Errorf("%d rows came back otherwise than the %d that were loaded", len(got), len(want))
		}
		rows.Reset()
		if err := db.Load(ctx, conn, "loaded", []string{"n", "t", "b", "f"}, rows); err != nil || rows.Len() != 0 {
			t.Errorf("Load() of nothing = %v", err)
		}
	})
}

func TestStatementsAreWrittenOnce(t *testing.T) {
	for _, c := range []struct{ q, sqlite, postgres string }{
		{`SELECT [createdAt] FROM {users} WHERE id = ? AND uid = ?`, `SELECT "createdAt" FROM "users" WHERE id = ? AND uid = ?`, `SELECT "createdAt" FROM "users" WHERE id = $1 AND uid = $2`},
		{`SELECT '?', "?", '{users}', '[x]' FROM {records}`, `SELECT '?', "?", '{users}', '[x]' FROM roster_records`, `SELECT '?', "?", '{users}', '[x]' FROM roster.records`},
		{`'it''s ?' "a""?" ?`, `'it''s ?' "a""?" ?`, `'it''s ?' "a""?" $1`},
	} {
		schematest.Each(t, func(t *testing.T, db *schema.DB) {
			want := map[string]string{"sqlite": c.sqlite, "postgres": c.postgres}[db.Dialect()]
			if got := db.SQL(c.q); got != want {
				t.Errorf("SQL(%s)\n got %s\nwant %s", c.q, got, want)
			}
		})
	}
}

func TestAMistakeInAStatementPanics(t *testing.T) {
	db := schematest.Open(t, schematest.SQLite(t))
	for _, q := range []string{"{user}", "{users", "[id", "'open", `"open`} {
		func() {
			defer func() {
				if said := fmt.Sprint(recover()); !strings.HasPrefix(said, "schema: ") {
					t.Errorf("SQL(%s) panics with %q, want a word of ours", q, said)
				}
			}()
			db.SQL(q)
		}()
	}
}
