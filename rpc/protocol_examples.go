package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// An exchanged is a request with its answer.
type exchanged struct {
	Method         string
	Params, Result json.RawMessage
}

// exchanges gives the exchanges of a conversation by their ids, those left out
// that come more than once.
func exchanges(script *txtar.Archive) map[string]*exchanged {
	byID := map[string]*exchanged{}
	for _, f := range script.Files {
		for line := range strings.Lines(string(f.Data)) {
			var m struct {
				ID json.RawMessage
				exchanged
			}
			if json.Unmarshal([]byte(line), &m) != nil || m.ID == nil {
				continue
			}
			if m.Method != "" {
				if byID[string(m.ID)] != nil {
					m.exchanged = exchanged{}
				}
				byID[string(m.ID)] = &m.exchanged
			} else if asked := byID[string(m.ID)]; asked != nil {
				asked.Result = m.Result
			}
		}
	}
	return byID
}

// exampleBytes is how many bytes of an example are read with pleasure.
const exampleBytes = 900

// readExamples gives an example of each method out of the conversations in files:
// the richest that is still short. Those at the top of the folder are about what
// goes wrong, and serve where there is no other.
func readExamples(files fs.FS) (map[string]exchanged, error) {
	examples := map[string]exchanged{}
	for _, pattern := range []string{"rpc/testdata/*/*.txtar", "rpc/testdata/*.txtar"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("find conversations for examples: there is no %s", pattern)
		}
		found, err := bestExamples(files, names)
		if err != nil {
			return nil, err
		}
		for method, e := range found {
			if _, ok := examples[method]; !ok {
				examples[method] = e
			}
		}
	}
	return examples, nil
}

func bestExamples(files fs.FS, names []string) (map[string]exchanged, error) {
	examples := map[string]exchanged{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for _, e := range exchanges(txtar.Parse(text)) {
			if best, ok := examples[e.Method]; e.Result != nil && (!ok || e.better(best)) {
				examples[e.Method] = *e
			}
		}
	}
	return examples, nil
}

// better says whether e makes the better example of the two.
func (e exchanged) better(other exchanged) bool {
	size, than := len(e.Params)+len(e.Result), len(other.Params)+len(other.Result)
	switch {
	case (size <= exampleBytes) != (than <= exampleBytes):
		return size <= exampleBytes
	case size == than:
		return slices.Compare(e.text(), other.text()) < 0
	}
	return (size > than) == (size <= exampleBytes)
}

func (e exchanged) text() []byte { return append(slices.Clone(e.Params), e.Result...) }

// String gives the example as a page shows it.
func (e exchanged) String() string {
	shown := "→ " + e.Method
	if e.Params != nil {
		shown += " " + indentedJSON(e.Params)
	}
	return shown + "\n← " + indentedJSON(e.Result)
}

// indentedJSON writes JSON over several lines where it is not short.
func indentedJSON(raw json.RawMessage) string {
	const short = 100
	if len(raw) <= short {
		return string(raw)
	}
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}
