package cli

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1","client":{"name":"test","version":"1"}}}` + "\n"
	pushed     = `{"jsonrpc":"2.0","id":2,"method":"sync/push","params":{"dataType":"user","sourceName":"hr","records":[{"uid":"1","nickname":"赵思远"}]}}` + "\n"
)

// The input ends at once: what is in hand is finished and answered, and
// nothing but answers is on standard output.
func TestStdioFinishesWhatIsInHand(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		got := mustRead(t, exitDone, initialize+pushed, url, "stdio", "--log-level=debug")
		answers := strings.Split(strings.TrimSpace(got.stdout), "\n")
		if len(answers) != 2 || !strings.Contains(got.stdout, `"taskId"`) {
			t.Fatalf("want two answers, one of them with a taskId, got\n%s%s", got.stdout, got.stderr)
		}
		for _, line := range answers {
			var answer struct{ ID int }
			if parse(t, line, &answer); answer.ID == 0 {
				t.Errorf("standard output has a line that is no answer: %s", line)
			}
		}
		if n := rowsOf(t, url, "{users}", "[nickname] = '赵思远'"); n != 1 {
			t.Errorf("%d of the users are in the database, want 1", n)
		}
	})
}

// A SIGINT at the host's terminal reaches us too, and is the host's business.
func TestStdioOutlivesSIGINT(t *testing.T) {
	cmd := roster(t.Context(), schematest.Any(t), "stdio")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewScanner(stdout)
	for _, request := range []string{initialize, `{"jsonrpc":"2.0","id":2,"method":"ping"}` + "\n"} {
		if _, err := stdin.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() {
			t.Fatalf("no answer to %s", request)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	stdin.Close()
	if answers.Scan() {
		t.Errorf("said at the end: %s", answers.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
}
