package cli

import "strings"

// fitted is a table in lines that are cut where the terminal would break them.
func (a *app) fitted(t *table) string {
	var b strings.Builder
	_ = t.write(&b) // a Builder takes everything
	return a.eachLine(b.String(), func(line string, width int) string {
		return widths().Truncate(line, width, "…")
	})
}

// wrapped is text in lines that are broken between words, where the terminal
// would break them anywhere.
func (a *app) wrapped(text string) string { return a.eachLine(text, broken) }

// broken breaks a line, and has what follows begin where a hint does.
func broken(line string, width int) string {
	const indent = "\n        "
	var b strings.Builder
	at := 0
	for i, word := range strings.Split(line, " ") {
		n := widths().StringWidth(word)
		switch {
		case i > 0 && at+1+n > width:
			b.WriteString(indent)
			at = len(indent) - 1
		case i > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// eachLine makes each line fit a terminal; elsewhere lines have any length.
func (a *app) eachLine(text string, fit func(line string, width int) string) string {
	if !a.out.terminal {
		return text
	}
	width := a.out.columns() - 1
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(fit(strings.TrimSuffix(line, "\n"), width) + "\n")
	}
	return b.String()
}
