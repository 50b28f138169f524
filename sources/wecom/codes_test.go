package wecom

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

var update = flag.Bool("update", false, "write the table of codes into docs/wecom.md")

func TestEveryCodeHasAMeaningOfItsOwn(t *testing.T) {
	seen := map[int]bool{}
	for _, m := range meanings() {
		if !m.kind.Valid() || m.says == "" || m.hint == "" || len(m.codes) == 0 {
			t.Errorf("%v lacks something: %+v", m.codes, m)
		}
		for _, c := range m.codes {
			if seen[c] {
				t.Errorf("%d has two meanings", c)
			}
			seen[c] = true
			err := fmt.Errorf("read members: %w", refused("user/list", c, "invalid hunter2, from ip: hunter2"))
			if plugin.KindOf(err) != m.kind || codeOf(err) != c {
				t.Errorf("refused(%d) is of kind %s and code %d", c, plugin.KindOf(err), codeOf(err))
			}
			if want := fmt.Sprintf("read members: ask user/list: WeCom answered %d, %s (%s)", c, m.says, m.hint); err.Error() != want {
				t.Errorf("refused(%d) = %q, want %q", c, err, want)
			}
		}
	}
}

func TestACodeSaysWhatToDoNext(t *testing.T) {
	type does struct {
		kind                plugin.Kind
		again               bool
		after               time.Duration
		gone, hidden, token bool
	}
	for c, want := range map[int]does{
		-1:     {kind: plugin.Transient, again: true},
		6000:   {kind: plugin.Transient, again: true},
		45009:  {kind: plugin.RateLimited, again: true, after: time.Minute},
		45033:  {kind: plugin.RateLimited, again: true},
		40001:  {kind: plugin.Auth, after: 5 * time.Minute},
		40013:  {kind: plugin.Config, after: 5 * time.Minute},
		40014:  {kind: plugin.Auth, token: true},
		42001:  {kind: plugin.Auth, token: true},
		60111:  {kind: plugin.NotFound, gone: true},
		301021: {kind: plugin.NotFound, gone: true},
		60003:  {kind: plugin.NotFound, gone: true},
		60123:  {kind: plugin.NotFound, gone: true},
		81013:  {kind: plugin.NotFound},
		60011:  {kind: plugin.Auth, hidden: true},
		60021:  {kind: plugin.Auth, hidden: true},
		92000:  {kind: plugin.Auth, hidden: true},
		60020:  {kind: plugin.Auth},
		301007: {kind: plugin.Auth},
		99999:  {kind: plugin.Data},
	} {
		e := refused("user/get", c, "")
		got := does{e.Kind, e.Retryable(), e.RetryAfter, isGone(c), isHidden(c), isToken(c)}
		if got != want {
			t.Errorf("%d: %+v, want %+v", c, got, want)
		}
	}
}

func TestOnlyAnAddressIsRepeatedOfWhatWeComWrites(t *testing.T) {
	for errmsg, want := range map[string]string{
		"not allow to access from your ip, hint: [1663], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/": "add 203.0.113.7 under",
		"from ip:2001:db8::7":           "add 2001:db8::7 under",
		"from ip: 203.0.113.7 hunter2":  "add 203.0.113.7 under",
		"from ip: hunter2, more info":   "add the address of this machine under",
		"from ip: fe80::1%hunter2, mor": "add fe80::1 under",
		"":                              "add the address of this machine under",
	} {
		err := refused("user/list", 60020, errmsg).Error()
		if !strings.Contains(err, want) || strings.Contains(err, "hunter2") {
			t.Errorf("%q: %s; want %s", errmsg, err, want)
		}
	}
	if err := refused("user/list", 60011, "from ip: 203.0.113.7").Error(); strings.Contains(err, "203") {
		t.Errorf("it repeats an address: %s", err)
	}
}

func TestWhatIsNotFromWeComHasNoCode(t *testing.T) {
	if c := codeOf(errors.New("60011")); c != 0 {
		t.Errorf("codeOf() = %d", c)
	}
}

// Run with -update to write the table.
func TestTheDocumentListsTheCodes(t *testing.T) {
	const file, begin, end = "../../docs/wecom.md", "<!-- codes -->\n", "<!-- end of codes -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), begin)
	table, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("%s has no place for the codes", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+codeTable()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(codeTable(), table); diff != "" {
		t.Errorf("%s: run the test with -update (-want +got):\n%s", file, diff)
	}
}

// codeTable is the meanings as the document has them.
func codeTable() string {
	var b strings.Builder
	b.WriteString("| code | meaning | what to do | tried again |\n| --- | --- | --- | --- |\n")
	for _, m := range meanings() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.Join(strings.Fields(strings.Trim(fmt.Sprint(m.codes), "[]")), ", "), m.says, m.hint, tried(m))
	}
	return b.String()
}

func tried(m meaning) string {
	switch {
	case isToken(m.codes[0]):
		return "once, with a new token"
	case m.kind == plugin.Transient:
		return "up to three times"
	case m.kind == plugin.RateLimited && m.after > 0:
		return "after a minute"
	case m.kind == plugin.RateLimited:
		return "with fewer calls at a time"
	case m.after > 0:
		return "no, and not within five minutes"
	}
	return "no"
}
