package conform

import (
	"bytes"
	_ "embed"
	"text/template"
)

//go:embed conform.tmpl
var page string

// Markdown gives docs/conform.md: how to run the checks, and all of them with
// the reason for each.
func Markdown() ([]byte, error) {
	type row struct{ Name, Why string }
	type chapter struct {
		Name string
		Rows []row
	}
	var chapters []chapter
	for _, c := range checks() {
		if n := len(chapters); n == 0 || chapters[n-1].Name != c.group {
			chapters = append(chapters, chapter{Name: c.group})
		}
		last := &chapters[len(chapters)-1]
		last.Rows = append(last.Rows, row{c.name, c.why})
	}
	t, err := template.New("").Parse(page)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, chapters)
	return b.Bytes(), err
}
