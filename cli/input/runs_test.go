package input

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

func TestRuns(t *testing.T) {
	const (
		departments = `{"dataType":"department","sourceName":"hr","records":[1]}`
		users       = `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[2]}`
		byPhone     = `{"dataType":"user","sourceName":"hr","matchKey":"phone","records":[3]}`
		unmatched   = `{"dataType":"user","sourceName":"hr","records":[4]}`
		elsewhere   = `{"dataType":"user","sourceName":"it","matchKey":"email","records":[5]}`
	)
	for _, c := range []struct {
		name   string
		bodies []string
		want   []string // of each run: source/match key, then its bodies
	}{
		{"departments join the users behind them", []string{departments, departments, users}, []string{"hr/email department department user"}},
		{"departments join the users before them", []string{users, departments, users}, []string{"hr/email user department user"}},
		{"departments alone", []string{departments}, []string{"hr/ department"}},
		{"another match key is another run", []string{departments, users, byPhone, departments}, []string{"hr/email department user", "hr/phone user department"}},
		{"no match key is a match key", []string{departments, unmatched, users}, []string{"hr/ department user", "hr/email user"}},
		{"another source is another run", []string{departments, elsewhere, users}, []string{"hr/ department", "it/email user", "hr/email user"}},
		{"only what follows joins", []string{users, elsewhere, users}, []string{"hr/email user", "it/email user", "hr/email user"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readRuns(strings.Join(c.bodies, "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("runs mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

// What stops the reading is said within the run that it stops.
func TestRunIsToldWhatStoppedTheReading(t *testing.T) {
	for _, text := range []string{
		`{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"1"},{"uid":`,
		`{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"1"}]} {`,
	} {
		todo := newRuns(chainOf(text))
		run, err := todo.next()
		if err != nil {
			t.Fatalf("%s: the run does not begin: %v", text, err)
		}
		if _, err := readRun(run); err == nil || !strings.Contains(err.Error(), "ends in the middle") {
			t.Errorf("%s: the run ends with %v", text, err)
		}
	}
}

// More departments than are held do not wait for their users.
func TestManyDepartmentsAreARunOfTheirOwn(t *testing.T) {
	todo := newRuns(chainOf(
		`{"dataType":"department","sourceName":"hr","records":["0123456789","0123456789"]}` +
			`{"dataType":"user","sourceName":"hr","matchKey":"email","records":[]}`))
	todo.limit = 10
	for _, want := range []string{"hr/ department", "hr/email user"} {
		run, err := todo.next()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readRun(run); err != nil || got != want {
			t.Errorf("run %q, %v, want %q", got, err, want)
		}
	}
}

// chainOf is one file with text in it.
func chainOf(text string) *chain {
	return &chain{bodies: newBodyReader("f", strings.NewReader(text), nil)}
}

func readRuns(text string) (lines []string, err error) {
	todo := newRuns(chainOf(text))
	for {
		run, err := todo.next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		line, err := readRun(run)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
}

func readRun(run engine.Push) (string, error) {
	line := fmt.Sprintf("%s/%s", run.Source, run.MatchKey)
	for b, err := range run.Bodies {
		if err != nil {
			return "", err
		}
		line += " " + b.DataType
		for _, err := range b.Records {
			if err != nil {
				return "", err
			}
		}
	}
	return line, nil
}
