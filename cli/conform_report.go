package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/conform"
)

// A conformDocument is what conform prints for scripts.
type conformDocument struct {
	Adapter struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"adapter"`
	SourceType string           `json:"sourceType,omitempty"`
	Target     string           `json:"target,omitempty"`
	Passed     int              `json:"passed"`
	Failed     int              `json:"failed"`
	Skipped    int              `json:"skipped"`
	Checks     []conform.Result `json:"checks"`
}

// conform makes the checks and shows each as it ends. The error says that one
// failed.
func (a *app) conform(ctx context.Context, s *conform.Subject) error {
	d := newConformDocument(s)
	a.showSubject(d)
	var last conform.Result
	for r := range s.Run(ctx) {
		if r.Group != last.Group {
			a.tellConform("\n%s\n", a.out.bold(r.Group))
			last = conform.Result{}
		}
		d.add(r)
		a.tellConform("%s", a.resultText(r, last.Missing))
		last = r
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("check the adapter: %w", err)
	}
	a.tellConform("\n%d passed, %d failed, %d skipped.\n", d.Passed, d.Failed, d.Skipped)
	if a.json {
		if err := a.printJSON(d); err != nil {
			return err
		}
	}
	if d.Failed > 0 {
		return errFailed
	}
	return nil
}

func newConformDocument(s *conform.Subject) *conformDocument {
	d := &conformDocument{Checks: []conform.Result{}}
	d.Adapter.Name, d.Adapter.Version = s.Name, s.Version
	if s.Type != nil {
		d.SourceType = s.Type.Name
	}
	if s.Target != nil {
		d.Target = s.Target.Name
	}
	return d
}

func (d *conformDocument) add(r conform.Result) {
	d.Checks = append(d.Checks, r)
	switch r.Verdict {
	case conform.Passed:
		d.Passed++
	case conform.Failed:
		d.Failed++
	case conform.Skipped:
		d.Skipped++
	}
}

func (a *app) showSubject(d *conformDocument) {
	text := printable(strings.TrimSpace(d.Adapter.Name + " " + d.Adapter.Version))
	if d.SourceType != "" {
		text += ", source type " + printable(d.SourceType)
	}
	if d.Target != "" {
		text += ", target " + printable(d.Target)
	}
	a.tellConform("%s\n", text)
}

// resultText is a check on a line, and below it what is to be said of it and was
// not said of the one before.
func (a *app) resultText(r conform.Result, said string) string {
	const below = "           "
	switch r.Verdict {
	case conform.Passed:
		return "  " + a.out.green("ok") + "       " + r.Name + "\n"
	case conform.Skipped:
		text := "  " + a.out.dim("skipped  "+r.Name) + "\n"
		if r.Missing != said {
			text += below + a.out.dim(printable(r.Missing)) + "\n"
		}
		return text
	}
	text := "  " + a.out.red("failed") + "   " + r.Name + "\n"
	for _, fault := range r.Faults {
		for line := range strings.Lines(fault) {
			text += below + printable(strings.TrimSpace(line)) + "\n"
		}
	}
	return text + below + a.out.yellow("why it matters: "+r.Why) + "\n"
}

// tellConform prints for people; scripts get the document at the end.
func (a *app) tellConform(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.out, format, args...)
	}
}
