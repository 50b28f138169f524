//go:build nocobase

package nocobase_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A proc is a process of this machine.
type proc struct{ pid, parent int }

// rosterUnder finds the processes of a program, by where it is.
func processesOf(t *testing.T, program string) []proc {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var found []proc
	for _, link := range links {
		exe, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(exe, program) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(link), "stat"))
		if err != nil {
			continue // it has just ended
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		parent, _ := strconv.Atoi(string(fields[1]))
		if string(fields[0]) != "Z" {
			found = append(found, proc{pid, parent})
		}
	}
	return found
}

// only wants one process of Roster, waiting for it.
func only(t *testing.T, program string) proc {
	t.Helper()
	var found []proc
	wait(t, "one process of Roster", func() bool {
		found = processesOf(t, program)
		return len(found) == 1
	})
	return found[0]
}

// wait looks until something is so, for half a minute.
func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("there is not %s", what)
		}
	}
}

func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// secretsOf gives what others can see of a process: its arguments and environment.
func secretsOf(t *testing.T, pid int) string {
	t.Helper()
	var all []byte
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return string(all)
}
