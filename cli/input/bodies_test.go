package input

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name  string
		text  string
		given Head
		want  []string // of each body: type, source, match key, records
		err   string
	}{
		{
			name: "one body",
			text: `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"1"}, {"uid":"2"}]}`,
			want: []string{`user hr email {"uid":"1"} {"uid":"2"}`},
		},
		{
			name: "records first",
			text: `{"records":[{"uid":"1"}],"matchKey":"email","sourceName":"hr","dataType":"user"}`,
			want: []string{`user hr email {"uid":"1"}`},
		},
		{
			name: "source last, as in alphabetical order",
			text: `{"dataType":"user","matchKey":null,"records":[1,"a"],"sourceName":"hr"}`,
			want: []string{`user hr  1 "a"`},
		},
		{
			name:  "several bodies, on lines or not",
			text:  "{\"dataType\":\"department\",\"records\":[]}\n\n{\"dataType\":\n\"user\",\"records\":[{}]}[]",
			given: Head{DataType: "department"},
			want:  []string{"department  ", "user   {}", "department  "},
		},
		{name: "without records", text: `{"dataType":"user"}`, want: []string{"user   none"}},
		{name: "null records", text: `{"dataType":"user","records":null}`, want: []string{"user   none"}},
		{name: "without anything", text: `{}`, want: []string{"   none"}},
		{
			name:  "flags override source and match key, not the type",
			text:  `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[]}`,
			given: Head{SourceName: "it", MatchKey: "", DataType: "department"},
			want:  []string{"user it "},
		},
		{
			name: "bare array", text: `[{"uid":"1"}]`,
			given: Head{DataType: "user", SourceName: "hr", MatchKey: "phone"},
			want:  []string{`user hr phone {"uid":"1"}`},
		},
		{name: "byte order mark", text: "\ufeff{}", want: []string{"   none"}},
		{
			name: "numbers as they stand", text: `[{"uid":10000000000000000000001}]`, given: Head{DataType: "user"},
			want: []string{`user   {"uid":10000000000000000000001}`},
		},

		{name: "not JSON", text: `hello`, err: "f, byte 1: not JSON: invalid character 'h' looking for beginning of value"},
		{
			name: "not JSON in the second record", text: `{"dataType":"user","records":[{"uid":"1"}, {"uid":x}]}`,
			err: "f, byte 51: not JSON: invalid character 'x' looking for beginning of value",
		},
		{
			name: "not JSON behind a body", text: `{"dataType":"user","records":[]} ]`, want: []string{"user  "},
			err: "f, byte 34: not JSON: invalid character ']' looking for beginning of value",
		},
		{name: "cut off in a record", text: `{"dataType":"user","records":[{"uid":`, err: "ends in the middle"},
		{name: "cut off between records", text: `{"dataType":"user","records":[{"uid":"1"},`, err: "ends in the middle"},
		{name: "cut off behind the records", text: `{"dataType":"user","records":[]`, err: "ends in the middle"},
		{name: "cut off in the head", text: `{"dataType"`, err: "ends in the middle"},
		{name: "unknown member", text: `{"datatype":"user"}`, err: `f, byte 11: unknown member "datatype" (want {"dataType"`},
		{name: "member twice", text: `{"records":[],"records":[]}`, err: "records stands twice"},
		{name: "type is no text", text: `{"dataType":["user"]}`, err: "dataType is no text"},
		{name: "records is an object", text: `{"records":{"uid":"1"}}`, err: "records is no array"},
		{name: "records is a text", text: `{"records":"1"}`, err: "records is no array"},
		{name: "a text", text: `"user"`, err: "this is no push"},
		{name: "bare array of nobody knows what", text: `[]`, err: "--type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(newBodyReader("f", strings.NewReader(c.text), c.given))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("bodies mismatch (-want +got):\n%s", diff)
			}
			if text := textOf(err); !strings.Contains(text, c.err) || (c.err == "") != (err == nil) {
				t.Errorf("error %q, want %q in it", text, c.err)
			}
		})
	}
}

func TestBodiesAreReadAheadUpToALimit(t *testing.T) {
	for _, c := range []struct{ text, err string }{
		{`{"records":["0123456789",{}],"dataType":"user"}`, "f, byte 24: dataType is still missing behind more than 10 B of records"},
		{`{"dataType":"user","records":["0123456789",{}],"sourceName":"hr"}`, "sourceName stands behind more than 10 B of records"},
		{`{"dataType":"user","records":["0123456789",{}]}`, ""},
		{`{"dataType":"user","records":["0123"],"sourceName":"hr"}`, ""},
		{`{"dataType":"department","sourceName":"hr","records":["0123456789",{}],"matchKey":"email"}`, ""},
	} {
		bodies := newBodyReader("f", strings.NewReader(c.text), nil)
		bodies.limit = 10
		_, err := readAll(bodies)
		if text := textOf(err); !strings.Contains(text, c.err) || (c.err == "") != (err == nil) {
			t.Errorf("%s: error %q, want %q in it", c.text, text, c.err)
		}
	}
}

// Whatever stands in a file, each record that comes out of it is JSON, and
// reading it comes to an end.
func FuzzBodies(f *testing.F) {
	f.Add(`{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"1"},{"uid":2}]}`)
	f.Add(`[1,[2],{"a":null}] {"records":null}` + "\n" + `{"records":[true],"dataType":"x"}`)
	f.Add("\ufeff{\"records\":[\"\\u0000\"]}")
	f.Fuzz(func(t *testing.T, text string) {
		bodies := newBodyReader("f", strings.NewReader(text), Head{DataType: "user"})
		for {
			b, err := bodies.next()
			if err != nil {
				return
			}
			for raw, err := range b.records() {
				if err == nil && !json.Valid(raw) {
					t.Errorf("record %q is not JSON", raw)
				}
			}
		}
	})
}

// readAll reads all bodies, each as a line.
func readAll(bodies *bodyReader) (lines []string, err error) {
	for {
		b, err := bodies.next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		line := []string{b.head[DataType], b.head[SourceName], b.head[MatchKey]}
		body := b.hand()
		if body.Records == nil {
			lines = append(lines, strings.Join(append(line, "none"), " "))
			continue
		}
		for raw, err := range body.Records {
			if err != nil {
				return lines, err
			}
			line = append(line, string(raw[:min(len(raw), 50)]))
		}
		lines = append(lines, strings.Join(line, " "))
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
