package schema_test

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// fault opens and migrates a database that is not as it should be: the error
// must be of class misconfigured or gone, say want, and keep the password.
func fault(t *testing.T, url string, want ...string) {
	t.Helper()
	db, err := schema.Open(t.Context(), url)
	if err == nil {
		defer db.Close()
		err = db.Migrate(t.Context(), schema.Told{})
	}
	if class := schema.ClassOf(err); class != schema.Misconfigured && class != schema.Gone {
		t.Fatalf("Open(), Migrate() = %v of class %q", err, class)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error says the password: %v", err)
	}
	if len(err.Error()) > 500 {
		t.Errorf("the error goes on for %d characters: %v", len(err.Error()), err)
	}
}

func TestURLsThatNameNoDatabase(t *testing.T) {
	for url, want := range map[string]string{
		"":                                   "name it as sqlite:PATH or postgres://",
		"mysql://root:hunter2@localhost/x":   "name it as sqlite:PATH or postgres://",
		"roster.db":                          "name it as sqlite:PATH or postgres://",
		"sqlite:":                            "needs the path of a file",
		"sqlite::memory:":                    "needs the path of a file",
		"postgres://me:hunter2@host:port/db": "reserved characters percent-encoded",
		"postgres://me:hunter2%@host/db":     "reserved characters percent-encoded",
		"postgres://me:hunter2@host/db?sslmode=perhaps": "postgres://user:password@host:port/database?sslmode",
	} {
		t.Run(url, func(t *testing.T) { fault(t, url, want) })
	}
}

func TestSQLiteInAnAbsentFolder(t *testing.T) {
	fault(t, "sqlite:"+filepath.Join(t.TempDir(), "absent", "roster.db"), "open the database", "make the folder first")
}

func TestSQLiteThatIsNoDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("Dear Sir or Madam, ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	fault(t, "sqlite:"+file, "the file is no SQLite database: name another")
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "Dear Sir") {
		t.Errorf("the file is now %.20q, %v", text, err)
	}
}

func TestSQLiteThatIsAFolder(t *testing.T) {
	fault(t, "sqlite:"+t.TempDir(), "the file cannot be opened: check its path")
}

func TestSQLiteThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "roster.db")
	schematest.Open(t, "sqlite:"+file).Close()
	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(file), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Dir(file), 0o755) })
	asNobody(t, func() { fault(t, "sqlite:"+file, "cannot be", "check its") })
}

// asNobody runs f with the rights of somebody who owns nothing: nobody keeps
// root from writing a file.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		runtime.LockOSThread() // for good: the thread goes with its goroutine
		for _, dir := range above(t.TempDir()) {
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o005 != 0o005 {
				os.Chmod(dir, 0o755)
			}
		}
		if err := syscall.Setfsuid(65534); err != nil {
			t.Skipf("root writes every file, and cannot be somebody else here: %v", err)
		}
		defer syscall.Setfsuid(0)
	}
	f()
}

// above lists the folders of a test that lead to dir.
func above(dir string) (dirs []string) {
	for ; strings.HasPrefix(dir, os.TempDir()+string(filepath.Separator)); dir = filepath.Dir(dir) {
		dirs = append(dirs, dir)
	}
	return dirs
}

func TestPathsWithMeaningInURLs(t *testing.T) {
	for _, name := range []string{"a b.db", "50%.db", "what?.db", "no#1.db", "a%20b.db", "漢字.db", "a&b=c.db"} {
		file := filepath.Join(t.TempDir(), name)
		schematest.Open(t, "sqlite:"+file)
		if _, err := os.Stat(file); err != nil {
			t.Errorf("sqlite:%s made another file: %v", name, err)
		}
	}
}

func TestPostgresThatIsNotThere(t *testing.T) {
	fault(t, "postgres://me:hunter2@127.0.0.1:1/roster?sslmode=disable", "open the database", "connection refused", "see that the database runs and can be reached")
}

func TestPostgresWithoutThatDatabase(t *testing.T) {
	at, err := url.Parse(schematest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/nowhere"
	fault(t, at.String(), `"nowhere" does not exist`, "make it first, or correct its name in the URL")
}

func TestPostgresThatAsksForAPassword(t *testing.T) {
	cluster := schematest.Start(t, schematest.Fast)
	admin := schematest.Open(t, cluster.URL(t))
	var rules string
	if err := admin.GetContext(t.Context(), &rules, `SHOW hba_file`); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`CREATE ROLE clerk LOGIN PASSWORD 'right'`,
		`CREATE ROLE guest LOGIN`,
		`COPY (SELECT unnest(ARRAY['local all clerk scram-sha-256', 'local all stranger reject', 'local all all trust'])) TO '` + rules + `'`,
	} {
		if _, err := admin.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	at, err := url.Parse(cluster.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	as := func(user *url.Userinfo) string {
		at.User = user
		return at.String()
	}
	fault(t, as(url.UserPassword("clerk", "hunter2")), "password authentication failed", "check the user and the password in the URL")
	fault(t, as(url.UserPassword("stranger", "hunter2")), "check the user in the URL")
	fault(t, as(url.UserPassword("guest", "hunter2")), "permission denied", "the user lacks a right")
}

// A temporary table takes nobody's place: NocoBase may call its tables alike.
func TestTemporaryTablesLeaveOthersAlone(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		conn, err := db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Release(t.Context(), conn)
		x := db.On(conn)
		if err := x.Script(t.Context(), `CREATE TABLE gone (id int)`, `INSERT INTO gone VALUES (7)`); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := db.Temp(t.Context(), x, "gone", "id int"); err != nil {
				t.Fatal(err)
			}
		}
		var ids []int
		if err := db.On(db).Select(t.Context(), &ids, `SELECT id FROM gone`); err != nil || len(ids) != 1 {
			t.Errorf("the table of that name holds %v (%v), want its row", ids, err)
		}
	})
}

// What a run has staged is nobody's business once it has given its connection
// back, however it is kept for the next.
func TestAReleasedConnectionHoldsNothing(t *testing.T) {
	for name, rows := range map[string]int{"little": 1, "much": 100_000} {
		t.Run(name, func(t *testing.T) {
			schematest.Each(t, func(t *testing.T, db *schema.DB) {
				db.SetMaxOpenConns(1)
				for range 2 {
					conn, err := db.Connx(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					x := db.On(conn)
					if n, there := staged(t, x); there && n > 0 {
						t.Errorf("there are %d rows of the last run, want none", n)
					}
					if err := db.Temp(t.Context(), x, "staged_guest", "name text NOT NULL"); err != nil {
						t.Fatal(err)
					}
					if _, err := x.Exec(t.Context(), `INSERT INTO staged_guest WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT 'Ann' FROM n`, rows); err != nil {
						t.Fatal(err)
					}
					db.Release(t.Context(), conn)
				}
			})
		})
	}
}

// staged is how many rows the temporary table has, if there is one.
func staged(t *testing.T, x schema.Conn) (rows int, there bool) {
	t.Helper()
	err := x.Get(t.Context(), &rows, `SELECT count(*) FROM staged_guest`)
	return rows, err == nil
}

// Another run may want other columns of a table of that name.
func TestATemporaryTableHasTheColumnsOfItsRun(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		db.SetMaxOpenConns(1)
		for _, column := range []string{"name", "name", "title"} {
			conn, err := db.Connx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			x := db.On(conn)
			if err := db.Temp(t.Context(), x, "staged_guest", column+" text NOT NULL"); err != nil {
				t.Fatal(err)
			}
			if _, err := x.Exec(t.Context(), `INSERT INTO staged_guest (`+column+`) VALUES ('Ann')`); err != nil {
				t.Errorf("fill %s: %v", column, err)
			}
			if n, _ := staged(t, x); n != 1 {
				t.Errorf("there are %d rows, want the one", n)
			}
			db.Release(t.Context(), conn)
		}
	})
}
