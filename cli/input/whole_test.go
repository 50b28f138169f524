package input

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	rooms  = `{"dataType":"department","sourceName":"hr","records":[1]}`
	people = `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[2]}`
	phones = `{"dataType":"user","sourceName":"hr","matchKey":"phone","records":[3]}`
	others = `{"dataType":"user","sourceName":"it","matchKey":"email","records":[4]}`
	api    = `{"dataType":"user","matchKey":null,"records":[5],"sourceName":"api"}`
	noName = `{"dataType":"user","records":[6]}`
)

func TestWholeIsARunOfEachSource(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		given Head
		want  []string
		err   string // in it, and then nothing is yielded
	}{
		{"one file", []string{rooms + people}, nil, []string{"hr/email department user"}, ""},
		{"several files", []string{rooms, people, people + rooms}, nil, []string{"hr/email department user user department"}, ""},
		{"several sources", []string{rooms + people, others}, nil, []string{"hr/email department user", "it/email user"}, ""},
		{"a source in two places", []string{people, others, rooms}, nil, nil, "source hr comes a second time"},
		{"a source in two places of a file", []string{people + others + rooms}, nil, nil, "0.json, byte 194: source hr comes a second time"},
		{"two match keys", []string{people, phones}, nil, nil, "source hr comes a second time"},
		{"two match keys, overridden", []string{people, phones}, Head{MatchKey: "phone"}, []string{"hr/phone user user"}, ""},
		{"api by two names", []string{noName, api}, nil, nil, "source api comes a second time"},
		{"an empty file", []string{people, ""}, nil, nil, "1.json: it is empty"},
		{"a file cut off", []string{people, others, people[:50]}, nil, nil, "2.json, byte 48: the input ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readWhole(t, folderOf(t, c.files), "", c.given)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("runs mismatch (-want +got):\n%s", diff)
			}
			if text := textOf(err); !strings.Contains(text, c.err) || (c.err == "") != (err == nil) {
				t.Errorf("error %q, want %q in it", text, c.err)
			}
		})
	}
}

// What can be read only once is told when it comes to it, and the run that it
// is told in is not written.
func TestWholeOfStandardInput(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{people + phones, nil},
		{people + others + rooms, []string{"hr/email user"}},
	} {
		got, err := readWhole(t, "-", c.text, nil)
		if err == nil || !strings.Contains(err.Error(), "source hr comes a second time") {
			t.Errorf("%s: read with %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: runs mismatch (-want +got):\n%s", c.text, diff)
		}
	}
}

// folderOf makes a folder of files.
func folderOf(t *testing.T, files []string) string {
	t.Helper()
	folder := t.TempDir()
	for i, text := range files {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i, ".json")), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// readWhole gives the runs that can be read to their end.
func readWhole(t *testing.T, arg, stdin string, given Head) (lines []string, err error) {
	t.Helper()
	in, err := Find([]string{arg}, strings.NewReader(stdin), given)
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range in.Whole(t.Context()) {
		if err != nil {
			return lines, err
		}
		line, err := readRun(run)
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}
