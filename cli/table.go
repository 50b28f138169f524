package cli

import (
	"io"
	"strings"
)

// A table is rows of cells, aligned by how wide their text shows.
type table struct {
	align string              // a letter a column: l or r
	paint func(string) string // colours the cells of the first column; nil leaves them
	rows  [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the rows with two blanks between the columns.
func (t *table) write(w io.Writer) error {
	widest := t.widths()
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			padded := t.pad(i, cell, widest[i])
			if i == 0 && t.paint != nil {
				padded = strings.Replace(padded, cell, t.paint(cell), 1)
			}
			line.WriteString("  " + padded)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) pad(column int, cell string, width int) string {
	if t.align[column] == 'r' {
		return widths().FillLeft(cell, width)
	}
	return widths().FillRight(cell, width)
}

func (t *table) widths() []int {
	widest := make([]int, len(t.align))
	for _, row := range t.rows {
		for i, cell := range row {
			widest[i] = max(widest[i], widths().StringWidth(cell))
		}
	}
	return widest
}
