package engine

import "context"

// A Resolver gives the options of a source that has a row: an object, secrets in
// the clear, and what stands for something else (a variable of the host's) in its
// place. It may be called at any time, by several goroutines at once.
type Resolver func(ctx context.Context, source string) (options []byte, err error)

// SetResolver has sources read as r says, where their rows are a host's own
// writing: it encrypts secrets itself. It must come before any run.
func (e *Engine) SetResolver(r Resolver) { e.resolve = r }
