package engine

import (
	"encoding/json"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// A Report is what a push or a plan came to.
type Report struct {
	Task   Task
	Result []SyncResult // one entry per resource that accepts the types pushed, in NocoBase's order
	Notes  []Note
	// Warnings say what of the run is not as was asked for, or expected: why
	// absence was not looked at, which guard would hold a push of the plan, that
	// NocoBase's tables came from a backup.
	Warnings []string
	Items    []Item // of a plan: what it would do, the first ItemsInReport of them
}

// A SyncResult says how one target resource fared: NocoBase's own shape, with
// what it lacks added (skipped).
type SyncResult struct {
	Resource string       `json:"resource"`
	Detail   SyncedDetail `json:"detail"`
}

// SyncedDetail is the body of a SyncResult.
type SyncedDetail struct {
	Count         SyncedCount    `json:"count"`
	FailedRecords []FailedRecord `json:"failedRecords"` // at most FailedInReport; tasks/items has all
}

// SyncedCount counts records: all = success + failed + skipped + pending.
type SyncedCount struct {
	All     int `json:"all"`
	Success int `json:"success"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`           // failed in an earlier resource, or superseded in the same push
	Pending int `json:"pending,omitempty"` // still to be delivered to a target that somebody else registered
}

// A FailedRecord is a record as it was pushed (secrets taken out) and why it
// was not written.
type FailedRecord struct {
	Record  json.RawMessage `json:"record"`
	Message string          `json:"message"`
	Kind    plugin.Kind     `json:"kind"`
	Field   string          `json:"field,omitempty"`
}

// A Note is said once per field: something of the records was left out, and why.
type Note struct {
	Type    plugin.Type `json:"type"`
	Field   string      `json:"field"`
	Reason  string      `json:"reason"`
	Records int         `json:"records"` // how many records had it
}

// Limits of what a Report carries; everything is kept with the run.
const (
	FailedInReport = 1000
	ItemsInReport  = 1000
)

// A StoredRecord is a record as it was last received, with what it stands for.
type StoredRecord struct {
	ID           string          `json:"id"`
	SourceName   string          `json:"sourceName"`
	UID          string          `json:"uid"`
	DataType     plugin.Type     `json:"dataType"`
	MetaData     json.RawMessage `json:"metaData"`
	LastMetaData json.RawMessage `json:"lastMetaData"`
	Resources    []Link          `json:"resources"`
	CreatedAt    time.Time       `json:"createdAt"`
	UpdatedAt    time.Time       `json:"updatedAt"`
}

// A Link says which row of a resource a record stands for.
type Link struct {
	Resource   string `json:"resource"`
	ResourcePk string `json:"resourcePk"`
}
