package process

import (
	"os"
	"testing"
)

// Of several Rosters that note how an adapter fares, one whose process ends must
// not say so of the process of another.
func TestTheEndOfOneProcessIsNotThatOfAnother(t *testing.T) {
	kept := Kept(t.TempDir())
	host := Status{State: Running, Pid: 10, Owner: os.Getpid(), Starts: 7}
	if err := kept.note("a", func(s *Status) { *s = host }); err != nil {
		t.Fatal(err)
	}
	p := pipedSpeaker(t, "good")
	p.kept, p.found.Manifest.Name = kept, "a"
	p.noteEnd(11, Off, func(s *Status) { s.Crashes = 1 })
	if s := kept.Status("a"); s.State != Running || s.Pid != 10 || s.Owner != os.Getpid() || s.Crashes != 1 {
		t.Errorf("after another ended: %+v, want that the first runs", s)
	}
	p.noteEnd(10, Stopped, func(*Status) {})
	if s := kept.Status("a"); s.State != Stopped || s.Pid != 0 || s.Owner != 0 || s.Starts != 7 {
		t.Errorf("after it ended itself: %+v", s)
	}
	p.Close()
}
