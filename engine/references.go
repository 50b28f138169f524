package engine

import "github.com/nocobase-roster/roster/schema"

// A Reference is one of NocoBase's references between tables, as its host hands
// it over.
type Reference = schema.Reference

// SetReferences hands over NocoBase's references, in place of those that the
// database tells of; nil takes them back. It must come before any run.
func (e *Engine) SetReferences(references []Reference) { e.db.SetReferences(references) }
