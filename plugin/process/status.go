package process

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// A State says what an adapter's process is doing.
type State string

// The states.
const (
	Stopped State = "stopped" // nobody needs it
	Running State = "running"
	Off     State = "off" // it ended too often, and is left alone until Status.Until
)

// A Status is what an operator sees of an adapter's processes, of all Rosters on
// the same notes: the one that was started last, until it ends. Counts may miss
// what two Rosters note at the same instant.
type Status struct {
	State   State     `json:"state"`
	Pid     int       `json:"pid,omitempty"`   // of the adapter, while it runs
	Owner   int       `json:"owner,omitempty"` // the pid of the Roster that started it
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"` // of Off
	Starts  int       `json:"starts"`
	Crashes int       `json:"crashes"`         // how often it ended by itself, or had to be ended
	Fault   string    `json:"fault,omitempty"` // the last thing it did wrong
	FaultAt time.Time `json:"faultAt,omitzero"`
}

// Status gives what is known of an adapter; of one that was never started, or
// whose Roster is gone, that it is stopped.
func (k Kept) Status(name string) Status {
	s := Status{State: Stopped}
	if k == "" {
		return s
	}
	if text, err := os.ReadFile(k.statusFile(name)); err == nil {
		_ = json.Unmarshal(text, &s) // of what is no status, nothing is known
	}
	now := time.Now()
	if s.State == Running && !alive(s.Owner) || s.State == Off && now.After(s.Until) || s.State == "" {
		s.State, s.Pid, s.Owner, s.Until = Stopped, 0, 0, time.Time{}
	}
	return s
}

func (k Kept) statusFile(name string) string { return filepath.Join(string(k), "status", name+".json") }

// note changes what is known of an adapter.
func (k Kept) note(name string, change func(*Status)) error {
	if k == "" {
		return nil
	}
	s := k.Status(name)
	change(&s)
	return k.write(filepath.Join("status", name+".json"), s)
}
