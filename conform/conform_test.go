package conform_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin"
)

// asAdapter as the first argument makes the test binary be an adapter, with the
// fault that the second names.
const asAdapter = "be-an-adapter"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == asAdapter {
		serve(os.Args[2])
		return
	}
	goleak.VerifyTestMain(m)
}

// fixture is the adapter with a fault, and all that lets its checks be told.
func fixture(fault string) conform.Adapter {
	declared := declare(fault)
	if fault == "another title than its manifest" {
		declared.Title = "Persons"
	}
	manifest, err := json.Marshal(map[string]any{"protocol": "1", "sourceTypes": []plugin.SourceType{declared}, "targets": targets(fault)})
	if err != nil {
		panic(err)
	}
	a := conform.Adapter{
		Command: []string{os.Args[0], asAdapter, fault}, Manifest: manifest, Type: declared.Name, Target: "shelf",
		Options:      json.RawMessage(`{"key":"open sesame"}`),
		BadOptions:   json.RawMessage(`{"key":"open barley","mode":"bad"}`),
		FaultOptions: json.RawMessage(`{"key":"open sesame","mode":"fault"}`),
		StallOptions: json.RawMessage(`{"key":"open sesame","mode":"stall"}`),
		BadRecords:   []plugin.Record{{Type: plugin.User, UID: "refused"}},
		Limit:        10 * time.Second,
	}
	if fault == "null for a list" {
		a.Target = ""
	}
	return a
}

func results(t *testing.T, a conform.Adapter) []conform.Result {
	t.Helper()
	s, err := conform.Meet(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(s.Run(t.Context()))
}

func TestAnAdapterThatKeepsAllPromisesPassesEveryCheck(t *testing.T) {
	began := time.Now()
	for _, r := range results(t, fixture("")) {
		if r.Verdict != conform.Passed || r.Why == "" || r.Group == "" {
			t.Errorf("%s: %s %s, %q, because %q", r.Name, r.Verdict, r.Missing, r.Faults, r.Why)
		}
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the checks took %v, want a minute at most", took)
	}
}

// faults names for each fault of the fixture the one check that is to find it.
func faults() map[string]string {
	return map[string]string{
		"answers headers to lines":              "a line is answered with a line",
		"answers lines to headers":              "Content-Length headers are answered with Content-Length headers",
		"takes what a read gives for a message": "a message may come byte by byte",
		"counts characters":                     "Content-Length counts bytes, and text of any script comes back as it was",
		"reads less than it says":               "a message as large as it says it reads is read",
		"reads whatever comes":                  "a larger message is answered with -32600, and the connection lives on",
		"takes a blank line for a message":      "blank lines mean nothing",

		"is silent about what is no JSON":    "what is no JSON is answered with -32700, and the connection lives on",
		"dies of a batch":                    "a batch is answered with -32600, and the connection lives on",
		"does whatever is asked":             "an unknown method is answered with -32601",
		"calls wrong params its own mistake": "wrong params are answered with -32602",
		"answers notifications":              "a notification gets no answer, known or not",
		"makes texts of ids":                 "an id comes back as it was, string or number",

		"works before initialize": "before initialize everything is answered with -32002",
		"speaks any version":      "a version that it does not speak is refused, and the one that it speaks is said",
		"gives one chance":        "initialize may be tried again after it was refused",
		"nobody":                  "initialize is answered with the version, who it is, and how much it reads",
		"initializes twice":       "initialize comes once",

		"null for a list":                 "lists are arrays, empty ones too",
		"a name with a blank":             "a source type can be registered",
		"an option without a title":       "every option has a title and a description",
		"a schema that is none":           "the schema of the options is a JSON Schema of an object",
		"a secret in clear":               "options that look like secrets are writeOnly",
		"a target that accepts nothing":   "a target can be registered",
		"another title than its manifest": "what it lists is what its manifest says",

		"cannot be opened":                "a source can be opened with good options, and read to its end",
		"a record without a uid":          "a record has a type that is declared, and a uid of 1 to 255 characters",
		"a huge state":                    "a State is any JSON, up to 64 KiB",
		"counts one too many":             "Counts says how many records of each type there are",
		"skips a page when it goes on":    "a Read goes on after the page whose State it is given",
		"counts from where it went on":    "Counts are of all that was emitted, by the Reads that it went on from too",
		"does not count":                  "a reading that is complete counts every type that came",
		"gives more than it is asked for": "an answer has no more records than maxRecords",
		"loses a record between parts":    "parts of a page come to the page",
		"skips the rest of a page":        "a state that comes with a part of a page goes on after that part",
		"writes more than is read":        "no answer is larger than limits.maxFrameBytes of who reads it",

		"runs ahead":                   "nothing more is given before what was read is acknowledged",
		"acknowledges nothing":         "an acknowledgement of nothing is a conflict",
		"reads once":                   "the read after the end begins anew",
		"one cursor for all":           "two sessions at a time do not disturb each other",
		"never closes":                 "a session that was closed is answered with 1009 and the path /session",
		"does not close in the middle": "a session may be closed in the middle of a reading",

		"answers what was never asked": "taking back what is answered, or was never asked, is ignored",
		"answers twice":                "a read that is taken back is answered within two seconds, once, and the connection lives on",
		"does not hear a cancellation": "it is answered with -32800 while the system keeps it waiting, and others are answered meanwhile",

		"takes any options":         "options with which it cannot be read are refused: when it is opened, tested or read",
		"no hints":                  "a test with such options has a step that is not OK and says what to do, or an error that does",
		"errors without a kind":     "an error has the kind that its code stands for",
		"complete whatever happens": "a reading in which the system failed is not complete",
		"says nothing of a fault":   "what the system did not give is an error or a warning",

		"looks up somebody else":        "Only asks for these records alone",
		"says nothing of who never was": "every record of Only is emitted, Gone or Hidden",
		"always a fault":                "Check finds a source that can be read to be in order",
		"a sample of its own":           "Sample is up to 10 records as they would be synchronized",
		"welcomes everybody":            "a callback that nobody signed is refused and brings no event",

		"a secret on stderr":  "no secret of the options is in an answer, a log or on standard error",
		"an address in a log": "no value of a record is in a log, an error or a step of a test",
		"a loud log":          "what it logs has a level and a message",

		"one outcome too few":       "of each change there is one outcome, with its key",
		"refuses the third":         "the sample records can be created, and every one has a row then",
		"makes a change twice":      "a change that comes again is not made twice",
		"gives up at a bad record":  "a change that cannot be made says what to do, and does not keep the next from being made",
		"takes one batch at a time": "changes that come at a time are all made",
		"an update makes a row":     "an update keeps to the rows that it names",
		"keeps who is gone":         "a removal leaves no rows",
		"cannot remove nobody":      "the removal of a record that has no row is nothing to do",
		"takes what is another's":   "a target that it does not have is refused",
		"finds nobody":              "a row is found by a value of its record, and no error comes of a value that nobody has",

		"works after shutdown":    "after shutdown requests are refused with -32600",
		"a bad end after exit":    "shutdown and exit end the process with code 0",
		"a bad end of its input":  "the end of the input ends the process with code 0",
		"forgets what is in hand": "what is in hand at the end of the input is answered",
		"prints to stdout":        "nothing but the protocol is on standard output",
	}
}

// What is told of their faults has no value of a record and no secret in it.
func TestBrokenAdaptersFailTheCheckMeantForThem(t *testing.T) {
	t.Parallel()
	meant := faults()
	for i, fault := range slices.Sorted(maps.Keys(meant)) {
		if i%tried != 0 {
			continue
		}
		want := meant[fault]
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			var failed, said []string
			for _, r := range results(t, fixture(fault)) {
				if r.Verdict == conform.Failed {
					failed = append(failed, r.Name)
					said = append(said, fmt.Sprint(r.Name, ": ", r.Faults))
				}
			}
			if diff := cmp.Diff([]string{want}, failed); diff != "" {
				t.Errorf("checks that found a fault mismatch (-want +got):\n%s\n%s", diff, strings.Join(said, "\n"))
			}
			for _, private := range []string{"u1@example.com", "open sesame"} {
				if strings.Contains(fmt.Sprint(said), private) {
					t.Errorf("a fault has %q", private)
				}
			}
		})
	}
}

func TestEveryCheckHasAnAdapterThatFailsIt(t *testing.T) {
	t.Parallel()
	var found []string
	for _, check := range faults() {
		found = append(found, check)
	}
	for _, r := range results(t, conform.Adapter{Command: fixture("").Command}) {
		if !slices.Contains(found, r.Name) {
			t.Errorf("no adapter is broken for %q", r.Name)
		}
	}
}

func TestAnAdapterThatHangsFailsAndIsLeftBehind(t *testing.T) {
	a := fixture("hangs")
	a.Limit = time.Second
	s, err := conform.Meet(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for r := range s.Run(t.Context()) {
		if r.Verdict != conform.Failed || !strings.Contains(fmt.Sprint(r.Faults), "the 1s of a check are over") {
			t.Errorf("%s: %s, %q", r.Name, r.Verdict, r.Faults)
		}
		break
	}
}

func TestAnAdapterThatCannotBeMetIsQuoted(t *testing.T) {
	_, err := conform.Meet(t.Context(), fixture("dies at once"))
	if plugin.KindOf(err) != plugin.Config || !strings.Contains(fmt.Sprint(err), "no module named people") {
		t.Errorf("Meet() = %v, want an error of kind config with what it said", err)
	}
}
