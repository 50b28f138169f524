package rpc

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

func TestTheDocumentsAreTheSameEveryTime(t *testing.T) {
	for name, make := range map[string]func() ([]byte, error){
		"Protocol":   func() ([]byte, error) { return Protocol("1.2.3", os.DirFS("..")) },
		"TypeScript": func() ([]byte, error) { return TypeScript("1.2.3") },
	} {
		first, err := make()
		if err != nil {
			t.Fatalf("%s(): %v", name, err)
		}
		for range 5 {
			if again, err := make(); err != nil || !bytes.Equal(first, again) {
				t.Fatalf("%s() is another document the second time, or failed: %v", name, err)
			}
		}
	}
}

func TestEveryMethodHasAnExample(t *testing.T) {
	examples, err := readExamples(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range methods() {
		if _, ok := examples[m.name]; !ok && !m.notification() && m.name != "rpc.discover" {
			t.Errorf("no conversation has an example of %s", m.name)
		}
	}
}

func TestTheBestExampleIsRichAndShort(t *testing.T) {
	long := `{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", exampleBytes) + `"}`
	asked := `{"jsonrpc":"2.0","id":1,"method":"m","params":{}}`
	conversation := func(answer string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("-- host --\n" + asked + "\n-- roster --\n" + answer + "\n")}
	}
	files := fstest.MapFS{
		"rpc/testdata/faults.txtar":     conversation(`{"jsonrpc":"2.0","id":1,"result":"a richer one among those about faults"}`),
		"rpc/testdata/push/long.txtar":  conversation(long),
		"rpc/testdata/push/poor.txtar":  conversation(`{"jsonrpc":"2.0","id":1,"result":"ok"}`),
		"rpc/testdata/push/rich.txtar":  conversation(`{"jsonrpc":"2.0","id":1,"result":"much is said"}`),
		"rpc/testdata/push/wrong.txtar": conversation(`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"what is wrong is no example"}}`),
	}
	examples, err := readExamples(files)
	if got := string(examples["m"].Result); err != nil || got != `"much is said"` {
		t.Errorf("the example is %s, %v; want the rich one", got, err)
	}
	if _, err := readExamples(fstest.MapFS{}); err == nil {
		t.Error("readExamples() = nil where there are no conversations, want an error")
	}
}

// What is said of a member goes with the member.
func TestEveryTextIsOfSomethingOnTheWire(t *testing.T) {
	v, err := newVocabulary()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Concat(methods(), hostMethods(), hostNotifications()) {
		if _, err := v.ofMethod(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.notation(reflect.TypeFor[call.ErrorData]()); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, known := range v.types {
		said[known.name] = known.about
		for _, m := range known.members {
			said[known.name+"."+m.name] = m.about
		}
	}
	for of, text := range wireTexts() {
		if got, ok := said[of]; !ok || got != text {
			t.Errorf("of %s is said %q in wireTexts, and %q on the wire", of, text, got)
		}
	}
}

// Two types of one name would be one in TypeScript.
func TestTypesOfOneNameAreRefused(t *testing.T) {
	type Ref struct {
		Other string `json:"other"`
	}
	v, err := newVocabulary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.notation(reflect.TypeFor[[]plugin.Ref]()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.notation(reflect.TypeFor[Ref]()); err == nil {
		t.Error("notation() took a second type called Ref, want an error")
	}
}

// Whatever the code tells a host unasked is documented.
func TestEveryNotificationIsDocumented(t *testing.T) {
	documented := map[string]bool{"$/cancelRequest": true} // both sides say it
	for _, m := range hostNotifications() {
		documented[m.name] = true
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`Notify\([^,]+, "([^"]+)"`)
	found := 0
	for _, f := range files {
		if f.IsDir() || !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		code, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range told.FindAllSubmatch(code, -1) {
			if found++; !documented[string(match[1])] {
				t.Errorf("%s tells hosts %s, which hostNotifications does not have", f.Name(), match[1])
			}
		}
	}
	if found < 3 {
		t.Errorf("found %d notifications in the code, want 3 or more: does the pattern fit?", found)
	}
}
