package cli

import (
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// A screen is a stream that may be a terminal.
type screen struct {
	*os.File
	terminal bool
	colour   bool
}

func newScreen(f *os.File) screen {
	terminal := term.IsTerminal(int(f.Fd()))
	return screen{File: f, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

// columns is how wide the terminal is.
func (s screen) columns() int {
	width, _, err := term.GetSize(int(s.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

func (s screen) red(text string) string    { return s.paint("31", text) }
func (s screen) green(text string) string  { return s.paint("32", text) }
func (s screen) yellow(text string) string { return s.paint("33", text) }
func (s screen) bold(text string) string   { return s.paint("1", text) }
func (s screen) dim(text string) string    { return s.paint("2", text) }

func (s screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// printable writes out what would not show or would steer a terminal; uids and
// reasons come from outside.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}

// short cuts a text to what fits in a line of a report.
func short(text string) string {
	return widths().Truncate(printable(text), 60, "…")
}

// widths measures text as terminals show it: CJK two columns wide, what is
// ambiguous one, whatever the locale says.
func widths() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }
