package engine

import (
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// A State is where a run stands.
type State string

// The states of a run. NocoBase knows four of them; see State.Status.
const (
	Queued      State = "queued"
	Reading     State = "reading"
	Planning    State = "planning"
	Held        State = "held"
	Applying    State = "applying"
	Success     State = "success"
	Partial     State = "partial"
	Failed      State = "failed"
	Canceled    State = "canceled"
	Interrupted State = "interrupted"
)

// Status is the state as NocoBase's Tasks panel shows it: init, processing,
// success or failed. Partial shows as failed, so that Retry is offered.
func (s State) Status() string {
	switch s {
	case Queued:
		return "init"
	case Reading, Planning, Held, Applying:
		return "processing"
	case Success:
		return "success"
	}
	return "failed"
}

// A Task is one run as an operator sees it.
type Task struct {
	ID         string            `json:"id"`
	Source     string            `json:"source"`
	Kind       string            `json:"kind"`    // "push", "pull", "events", "retry", "adopt", "reindex", "rename" or "remove" (of the source), or "plan" for a run that only planned
	Status     string            `json:"status"`  // as NocoBase shows it: init, processing, success, failed
	State      State             `json:"state"`   // the same, finer
	Cost       int64             `json:"cost"`    // milliseconds from start to end, or until now
	Message    string            `json:"message"` // one sentence: what happened, with counts
	Counts     map[string]Counts `json:"counts"`  // by "department", "user" and "membership"
	StartedAt  time.Time         `json:"startedAt"`
	FinishedAt *time.Time        `json:"finishedAt,omitempty"`
}

// Counts say how many records (or memberships) ended how.
type Counts struct {
	Total     int `json:"total"`
	Created   int `json:"created"`
	Linked    int `json:"linked"` // joined to a row that was there already
	Updated   int `json:"updated"`
	Deleted   int `json:"deleted"`
	Disabled  int `json:"disabled"` // gone, and the row says so
	Unlinked  int `json:"unlinked"` // gone, and the row stays without the source's claims
	Kept      int `json:"kept"`     // gone, and nothing is done about it
	Unchanged int `json:"unchanged"`
	Pending   int `json:"pending"` // waits for a department that has not arrived
	Skipped   int `json:"skipped"` // superseded by a later record with the same uid
	Failed    int `json:"failed"`
}

// An Item is one thing a run did, would do, or could not do.
type Item struct {
	ID     string      `json:"id"` // for the next page; see ItemFilter
	Type   plugin.Type `json:"type"`
	UID    string      `json:"uid"`
	Op     string      `json:"op"`               // create, link, update, delete, disable, unlink, keep, fail, skip
	Fields []string    `json:"fields,omitempty"` // what an update changes
	State  string      `json:"state"`            // planned, applied, failed
	Reason string      `json:"reason,omitempty"` // why it failed or was skipped
	RowID  string      `json:"rowId,omitempty"`  // the row in NocoBase's table
	Along  int         `json:"along,omitempty"`  // how many rows of other tables went with it: memberships, roles, what refers to it
}

// Progress says how far a run has come. Total is 0 while it is not known.
type Progress struct {
	State State       `json:"state"`
	Type  plugin.Type `json:"type,omitempty"`
	Done  int         `json:"done"`
	Total int         `json:"total"`
}
