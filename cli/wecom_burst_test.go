package cli

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A crew is so many people of a tenant, to whom something happens all at once.
type crew struct {
	*tenant
	size int
}

// employ makes a tenant with so many people, whom the database has.
func employ(t testing.TB, url string, size int) *crew {
	t.Helper()
	t.Setenv("ROSTER_SECRET_KEY", engine.NewKey())
	s := &crew{tenantOf(t, url, wecomtest.NewCompany("ww5823bf96d3bd56c7", "Acme")), size}
	s.server.Limit(0, 0)
	for i := range size {
		s.put(i, "")
	}
	mustRun(t, exitDone, url, "sync", "corp")
	return s
}

// put hires the person of that number, or gives it another name.
func (s *crew) put(i int, mark string) {
	s.Helper()
	s.must(s.PutMember(wecomtest.Member{UserID: fmt.Sprintf("p%05d", i), Name: fmt.Sprintf("P%d%s", i, mark), Places: []wecomtest.Place{{Department: 1}}}))
}

// happen has one thing happen to everybody: each tenth leaves, each tenth gets
// another userid, all others another name.
func (s *crew) happen() {
	s.Helper()
	for i := range s.size {
		switch i % 10 {
		case 0:
			s.must(s.RemoveMember(fmt.Sprintf("p%05d", i)))
		case 1:
			s.must(s.RenameMember(fmt.Sprintf("p%05d", i), fmt.Sprintf("q%05d", i)))
		default:
			s.put(i, "!")
		}
	}
}

// wantAll wants that all of it has happened in NocoBase, to the same rows.
func (s *crew) wantAll() {
	s.Helper()
	var want []string
	for i := range s.size {
		switch i % 10 {
		case 0:
		case 1:
			want = append(want, fmt.Sprintf("%d q%05d P%d", i+1, i, i))
		default:
			want = append(want, fmt.Sprintf("%d p%05d P%d!", i+1, i, i))
		}
	}
	if diff := cmp.Diff(want, s.list(`SELECT CAST(id AS text) || ' ' || username || ' ' || nickname FROM {users} ORDER BY id`)); diff != "" {
		s.Errorf("people (-want +got):\n%s", diff)
	}
}

// wantOnce wants that no event was acted on twice.
func (s *crew) wantOnce() {
	s.Helper()
	twice := s.list(`SELECT p._uid FROM {plan_users} p JOIN {runs} r ON r.id = p._run WHERE r.kind = 'events' GROUP BY p._uid HAVING count(*) > 1`)
	if len(twice) > 0 {
		s.Errorf("events of %d people were acted on twice: %.10q", len(twice), twice)
	}
}

// calm waits until all events have been acted on.
func (s *crew) calm() {
	s.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(5 * time.Minute); ; {
		if slices.Equal(s.list(`SELECT CAST((SELECT count(*) FROM {inbox}) + (SELECT count(*) FROM {runs} WHERE finished_at IS NULL) AS text)`), []string{"0"}) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.Fatal("events are not acted on")
		}
	}
}

// listen has a receiver told of all that happens from now on, many messages at once.
func (s *crew) listen(url string, copies int) {
	s.Helper()
	s.must(s.SetCallback(wecomtest.Callback{URL: url, Token: callbackToken, AESKey: callbackAESKey, Legacy: true, Copies: copies, Parallel: 64}))
}

func TestABurstOfCallbacksIsAnsweredAtOnceAndActedOnOnce(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := employ(t, url, 300)
		s.listen(servedCallbacks(t, url), 1)
		s.happen()
		if d := s.server.Delivered(); d.Sent != 600 || d.Accepted != d.Sent || d.Slowest > time.Second {
			t.Errorf("of the callbacks became %+v", d)
		}
		s.calm()
		s.wantAll()
		s.wantOnce()
	})
}

// BenchmarkBurst sends 10,000 callbacks as fast as they are taken, from 64
// connections, and reports how soon the slowest is answered and when all that
// they tell of is written. Run it with -benchtime 1x.
func BenchmarkBurst(b *testing.B) {
	schematest.EachURL(b, func(b *testing.B, url string) {
		const callbacks = 10_000
		s := employ(b, url, callbacks)
		s.listen(servedCallbacks(b, url), 0)
		b.ReportMetric(0, "ns/op") // it is not repeated
		began := time.Now()
		s.happen()
		d := s.server.Delivered()
		b.ReportMetric(callbacks/time.Since(began).Seconds(), "callbacks/s")
		b.ReportMetric(float64(d.Slowest.Milliseconds()), "slowest-ms")
		s.calm()
		b.ReportMetric(time.Since(began).Seconds(), "all-applied-s")
		if d.Accepted != callbacks || d.Slowest > time.Second {
			b.Errorf("of the callbacks became %+v", d)
		}
		s.wantAll()
		s.wantOnce()
	})
}
