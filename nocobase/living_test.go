//go:build nocobase

package nocobase_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/nocobase/host"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// Operators work on while Roster brings 20,000 people: nothing they do fails,
// nothing of theirs is lost, and none waits for one of Roster's locks.
func TestSyncBesideLivingNocoBase(t *testing.T) {
	cluster := schematest.Start(t, schematest.Durable)
	database := cluster.URL(t)
	watchLocks(t, connect(t, database))
	app := host.Install(t)
	app.Prepare(t, database, host.Naming{})
	api := app.Start(t, database, host.Naming{})
	r := roster{database}
	before, after := company{people: 5_000, departments: 200}, company{people: 20_000, departments: 200, edition: 1}
	if err := r.run(t.Context(), before.file(t), "push", "-"); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	everybody := hireOperators(t, api, 4, seed)

	alone, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	times, err := everybody.work(t.Context(), alone.Done())
	if err != nil {
		t.Fatal(err)
	}
	report(t, "before the sync", times)

	over := make(chan struct{})
	var syncErr error
	start := time.Now()
	go func() {
		defer close(over)
		syncErr = r.run(t.Context(), after.file(t), "push", "-")
	}()
	times, err = everybody.work(t.Context(), over)
	<-over
	if err != nil || syncErr != nil {
		t.Fatalf("operators: %v; sync: %v", err, syncErr)
	}
	t.Logf("the sync took %v", time.Since(start).Round(time.Millisecond))
	report(t, "during the sync", times)

	forRoster, others := longWaits(t, cluster.Log())
	t.Logf("waits of over 100 ms for locks: %d for Roster's, %d others", len(forRoster), len(others))
	for _, wait := range forRoster {
		t.Error("an operator waited for Roster: ", wait)
	}
	everybody.check(t, after)
}

// report tells how long NocoBase took to answer.
func report(t *testing.T, when string, times []time.Duration) {
	t.Helper()
	if len(times) == 0 {
		t.Fatalf("nobody did anything %s", when)
	}
	at := func(share float64) time.Duration {
		return times[int(share*float64(len(times)-1))].Round(time.Millisecond)
	}
	t.Logf("%s: %d requests, p50 %v, p99 %v, max %v", when, len(times), at(0.5), at(0.99), at(1))
}
