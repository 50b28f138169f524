package cli

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// A roster sync that is killed when it makes a call, of those that look up who is
// missing as well, leaves nothing that the next does not mend.
func TestAWeComSnapshotThatIsKilledEndsInTheSameState(t *testing.T) {
	for _, at := range []string{"department/list", "user/list", "user/get?userid=p00000", "user/get?userid=p00011"} {
		t.Run(at, func(t *testing.T) {
			schematest.EachURL(t, func(t *testing.T, url string) {
				s := employ(t, url, 30)
				before := s.list(`SELECT CAST(count(*) AS text) FROM {userDataSyncRecords}`)
				for i := range s.size {
					if i%10 < 2 {
						s.must(s.RemoveMember(fmt.Sprintf("p%05d", i)))
					} else {
						s.put(i, "!")
					}
				}
				reached := s.server.StallAt(at)
				cmd := roster(t.Context(), url, "sync", "corp")
				s.must(cmd.Start())
				<-reached
				s.must(cmd.Process.Kill())
				cmd.Wait() // it was killed
				s.server.Mend()
				if after := s.list(`SELECT CAST(count(*) AS text) FROM {userDataSyncRecords}`); after[0] != before[0] {
					t.Errorf("it had %s records when it was killed, want %s", after[0], before[0])
				}
				s.age()
				mustRun(t, exitDone, url, "sync", "corp")
				if left := s.list(`SELECT CAST(count(*) AS text) FROM {users} WHERE nickname LIKE '%!'`); left[0] != "24" {
					t.Errorf("%s people have their new names, want 24", left[0])
				}
				s.wantPeople(24)
			})
		})
	}
}

// age has runs that have not ended be silent for long.
func (s *crew) age() {
	s.Helper()
	_, err := s.db.On(s.db).Exec(s.Context(), `UPDATE {runs} SET beat_at = `+s.db.Now(time.Hour)+` WHERE finished_at IS NULL`)
	s.must(err)
}

// What roster serve had answered when it was killed in a burst is acted on by the
// next, and the next snapshot brings what it could not answer any more.
func TestABurstInWhichRosterIsKilledEndsInTheSameState(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := employ(t, url, 200)
		victim := startServe(t, url)
		s.listen("http://"+victim.address+"/callback/corp", 0)
		s.happen()
		s.must(victim.Process.Kill())
		victim.end()
		if d := s.server.Delivered(); d.Accepted+d.Lost != 200 {
			t.Errorf("of the callbacks became %+v", d)
		}
		s.age()
		mustRun(t, exitDone, url, "token", "revoke", t.Name()) // the next makes its own
		servedCallbacks(t, url)
		s.calm()
		mustRun(t, exitDone, url, "sync", "corp")
		var want []string
		for i := range s.size {
			switch i % 10 {
			case 0:
			case 1:
				want = append(want, fmt.Sprintf("P%d q%05d", i, i))
			default:
				want = append(want, fmt.Sprintf("P%d! p%05d", i, i))
			}
		}
		slices.Sort(want)
		got := s.list(`SELECT nickname || ' ' || username FROM {users}`)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("people (-want +got):\n%s", diff)
		}
	})
}
