package cli

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// The README shows what a push prints; -update draws it anew.
func TestPictureIsTrue(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := newApp(parts(), screen{File: file, colour: true}, newScreen(file))
	if got := a.run(t.Context(), []string{"push", "--db", schematest.Any(t), "../examples/company.json"}); got != exitPartial {
		t.Fatalf("exit code %d, want %d", got, exitPartial)
	}
	printed, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	_, report, _ := strings.Cut(string(printed), "\n\n") // behind the progress
	report = regexp.MustCompile(`in \d+\.\d s`).ReplaceAllString(report, "in 0.2 s")
	golden(t, "../../docs/push.svg", draw("roster push", "$ roster push examples/company.json\n\n"+report))
}

// The README shows the morning of the demo too: the plan, and what came of it.
func TestPictureOfTheDemoIsTrue(t *testing.T) {
	notUnderRace(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := newApp(parts(), screen{File: file, colour: true}, newScreen(os.Stderr))
	if got := a.run(t.Context(), []string{"demo", "--fast"}); got != exitDone {
		t.Fatalf("exit code %d, want %d", got, exitDone)
	}
	printed, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	_, morning, _ := strings.Cut(string(printed), "\n\n\x1b[1m2  ")
	morning, _, found := strings.Cut(morning, "\n\n\x1b[1m4  ")
	if !found {
		t.Fatalf("the demo has no scenes 2 to 4:\n%s", printed)
	}
	morning = regexp.MustCompile(`in \d+\.\d s`).ReplaceAllString(morning, "in 0.3 s")
	golden(t, "../../docs/demo.svg", draw("roster demo", "\x1b[1m2  "+morning))
}

// What a character of the picture takes, in pixels.
const (
	charWidth  = 7.8
	lineHeight = 19
)

// draw draws text, which a command has printed with the colours of a terminal, as
// the picture of one.
func draw(command, text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var body strings.Builder
	columns := 0
	for i, line := range lines {
		plain := regexp.MustCompile("\x1b\\[\\d+m").ReplaceAllString(line, "")
		if plain == "" {
			continue
		}
		n := widths().StringWidth(plain)
		columns = max(columns, n)
		painted := strings.NewReplacer(
			"\x1b[31m", `<tspan fill="#ff7b72">`, "\x1b[32m", `<tspan fill="#7ee787">`, "\x1b[33m", `<tspan fill="#e3b341">`,
			"\x1b[1m", `<tspan font-weight="bold">`, "\x1b[2m", `<tspan fill="#8b949e">`, "\x1b[0m", "</tspan>",
		).Replace(html.EscapeString(line))
		fmt.Fprintf(&body, `<text x="20" y="%d" textLength="%.1f">%s</text>`+"\n", 58+lineHeight*i, charWidth*float64(n), painted)
	}
	width, height := int(charWidth*float64(columns))+40, 58+lineHeight*len(lines)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-label="%[4]s at a terminal">
<rect width="%[1]d" height="%[2]d" rx="8" fill="#0d1117"/>
<circle cx="24" cy="22" r="6" fill="#ff5f57"/><circle cx="44" cy="22" r="6" fill="#febc2e"/><circle cx="64" cy="22" r="6" fill="#28c840"/>
<g fill="#c9d1d9" xml:space="preserve" style="white-space:pre" font-size="13" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
%[3]s</g>
</svg>
`, width, height, body.String(), command)
}
