package httpapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// sampleSize is how many records of a list are looked at.
const sampleSize = 10

// errEnough ends the reading of an answer whose rest is not of interest.
var errEnough = errors.New("enough was read")

// Check asks each address once and looks at the first records.
func (s *source) Check(ctx context.Context) (plugin.Check, error) {
	once := *s.client
	once.tries = 1
	var c plugin.Check
	var mapped []string
	complete := true
	for i, l := range s.lists {
		began := time.Now()
		records, err := sample(ctx, &once, l)
		if ctx.Err() != nil {
			return plugin.Check{}, ctx.Err()
		}
		if i == 0 {
			c.Steps = append(c.Steps, reached(l, err, began)...)
		}
		if err == nil || i > 0 || c.Steps[len(c.Steps)-1].OK {
			c.Steps = append(c.Steps, step(l.name, err, fmt.Sprintf("%d records were looked at", len(records)), began))
		}
		if err != nil {
			return c, nil
		}
		text, whole := coverage(l, records)
		mapped, complete = append(mapped, text), complete && whole
		c.Sample = append(c.Sample, records[:min(len(records), sampleSize/len(s.lists))]...)
	}
	mapping := plugin.Step{Name: "mapping", OK: complete, Message: strings.Join(mapped, "; ")}
	if !complete {
		mapping.Hint = "a field that no record has may be misspelt: look at the fields of the source"
	}
	c.Steps = append(c.Steps, mapping)
	return c, nil
}

// sample reads the first records of a list.
func sample(ctx context.Context, c *client, l *list) ([]plugin.Record, error) {
	var records []plugin.Record
	rows := 0
	err := c.get(ctx, l.call(place{}), func(a *answer) error {
		_, err := walk(a.body, l.shape(), func(theirs map[string]any) error {
			if rows++; rows > sampleSize {
				return errEnough
			}
			if r, ok := l.mapping.record(l.typ, theirs); ok {
				records = append(records, r)
			}
			return nil
		})
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if rows > 0 && len(records) == 0 {
		return nil, nameless(l)
	}
	return records, nil
}

// reached are the steps up to an answer: connect, and auth.
func reached(l *list, err error, began time.Time) []plugin.Step {
	if errors.As(err, new(noAnswer)) {
		return []plugin.Step{step("connect", err, "", began)}
	}
	steps := []plugin.Step{step("connect", nil, l.url.Host+" answers", began)}
	if plugin.KindOf(err) != plugin.Auth || err == nil {
		return append(steps, step("auth", nil, "the address may be read", began))
	}
	return append(steps, step("auth", err, "", began))
}

// step is one that was tried: it found something, or failed.
func step(name string, err error, found string, began time.Time) plugin.Step {
	s := plugin.Step{Name: name, OK: err == nil, Message: found, TookMs: time.Since(began).Milliseconds()}
	var e *plugin.Error
	switch {
	case errors.As(err, &e):
		bare := *e
		bare.Hint = ""
		s.Message, s.Hint = bare.Error(), e.Hint
	case err != nil:
		s.Message = "it failed for a reason that is not known"
	}
	return s
}

// coverage says how many of the records have each attribute, and whether each
// that is mapped is in one of them at least.
func coverage(l *list, records []plugin.Record) (text string, whole bool) {
	counts := map[string]int{}
	for _, f := range l.mapping.fields {
		counts[f.Name] = 0
	}
	if l.mapping.members != nil {
		counts["departments"] = 0
	}
	for _, r := range records {
		for name, v := range r.Attrs {
			if _, mapped := counts[name]; v != nil && v != "" && (mapped || harmless.MatchString(name)) {
				counts[name]++
			}
		}
	}
	whole = true
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		whole = whole && (counts[name] > 0 || len(records) == 0)
		parts = append(parts, fmt.Sprintf("%s: %d of %d", name, counts[name], len(records)))
	}
	return l.name + ": " + strings.Join(parts, ", "), whole
}
