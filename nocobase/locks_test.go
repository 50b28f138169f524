//go:build nocobase

package nocobase_test

import (
	"bufio"
	"database/sql"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// watchLocks has a server log who waits for a lock longer than 100 ms, and for whom.
func watchLocks(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, q := range []string{
		`ALTER SYSTEM SET log_lock_waits = on`,
		`ALTER SYSTEM SET deadlock_timeout = '100ms'`,
		`ALTER SYSTEM SET log_connections = on`, // they say which process is Roster's
		`ALTER SYSTEM SET log_line_prefix = '%p '`,
		`SELECT pg_reload_conf()`,
	} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

var (
	connected = regexp.MustCompile(`^(\d+) LOG:  connection authorized: .*?(application_name=roster)?$`)
	waiting   = regexp.MustCompile(`^(\d+) LOG:  process \d+ still waiting for .*`)
	holders   = regexp.MustCompile(`^\d+ DETAIL:  Process(?:es)? holding the lock: ([\d, ]+)\.`)
)

// longWaits reads a server's log: what somebody waited for over 100 ms, by whether
// it was a lock of Roster's that somebody else waited for.
func longWaits(t *testing.T, log string) (forRoster, others []string) {
	t.Helper()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rosters := map[string]bool{} // processes of the server, by whether Roster is connected to them
	var wait, waiter string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := connected.FindStringSubmatch(line); m != nil {
			rosters[m[1]] = m[2] != ""
		}
		if m := waiting.FindStringSubmatch(line); m != nil {
			wait, waiter = m[0], m[1]
		}
		if m := holders.FindStringSubmatch(line); m != nil {
			held := slices.ContainsFunc(strings.Split(m[1], ", "), func(pid string) bool { return rosters[pid] })
			if held && !rosters[waiter] {
				forRoster = append(forRoster, wait)
			} else {
				others = append(others, wait)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return forRoster, others
}
