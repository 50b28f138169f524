package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// three are two departments and three people: three pages.
func three() []string {
	return []string{
		`user {"uid":"a","nickname":"Ann","departments":["rd"]}`,
		`department {"uid":"rd","title":"R&D","parentUid":"top"}`,
		`department {"uid":"top","title":"Top"}`,
		`user {"uid":"b","nickname":"Bob","departments":["top"]}`,
		`user {"uid":"c","nickname":"Cid"}`,
	}
}

func TestASourceIsReadWhole(t *testing.T) {
	each(t, func(c *company) {
		c.reads(newSystem(three()...))
		c.wantMessage(c.sync(given("")), "department: 2 created; membership: 2 created; user: 3 created")
		c.wantTree("Top", "  R&D")
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.wantMembers("Ann in R&D, main", "Bob in Top, main")
		c.wantMessage(c.sync(given("")), "department: 2 unchanged; user: 3 unchanged")
		c.same("pages that were kept", c.list(`SELECT count(*) FROM {pages}`), "0")
		c.same("readings that were kept", c.list(`SELECT count(*) FROM {readings}`), "0")
	})
}

func TestWhatAWholeReadingDoesNotHaveIsGone(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.reads(hr).sync(given(""))
		hr.holds(three()[1:4]...)
		c.wantMessage(c.sync(given("")), "department: 2 unchanged; user: 2 deleted, 1 unchanged")
		c.wantUsers("nickname", "Bob")
	})
}

func TestWhoVanishesFromASourceStaysUnlessItsOptionsSayOtherwise(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.reads(hr).sync(given(`{}`))
		hr.holds(three()[1:4]...)
		hr.reading = plugin.Reading{Gone: []plugin.Ref{{Type: plugin.User, UID: "a"}}}
		c.sync(given(`{}`))
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
	})
}

func TestNothingIsTakenForGoneWhereAReadingClaimsLess(t *testing.T) {
	for name, claim := range map[string]struct {
		reading plugin.Reading
		why     string
	}{
		"it is not complete":    {plugin.Reading{Warnings: []string{"department 7 could not be read"}}, "the reading was not complete"},
		"its counts are higher": {plugin.Reading{Complete: true, Counts: map[plugin.Type]int{plugin.User: 2, plugin.Department: 2}}, "the snapshot counts 2 users and 1 came"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				hr := newSystem(three()...)
				c.reads(hr).sync(given(""))
				hr.holds(append(three()[1:3], `user {"uid":"b","nickname":"Bob!"}`)...)
				hr.reading = claim.reading
				r := c.sync(given(""))
				c.wantUsers("nickname", "Ann", "Bob!", "Cid")
				if warnings := strings.Join(r.Warnings, "; "); !strings.Contains(warnings, claim.why) || !strings.Contains(warnings, strings.Join(claim.reading.Warnings, "")) {
					t.Errorf("the report warns %q, want it to say: %s", warnings, claim.why)
				}
			})
		})
	}
}

func TestAnEmptyReadingIsHeldByTheGuards(t *testing.T) {
	each(t, func(c *company) {
		var crowd []string
		for i := range 60 {
			crowd = append(crowd, `user {"uid":"`+itoa(i)+`"}`)
		}
		hr := newSystem(crowd...)
		c.reads(hr).sync(given(`{"removal":{"user":"delete"}}`))
		hr.holds()
		_, err := c.engine.Sync(c.Context(), given(`{"removal":{"user":"delete"}}`), nil)
		wantKind(t, "Sync()", err, plugin.Guard)
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "60")
		hr.holds(crowd...) // what was read before must not be taken for what is there now
		c.wantMessage(c.sync(given(`{"removal":{"user":"delete"}}`)), "user: 60 unchanged")
	})
}

var errOutage = &plugin.Error{Kind: plugin.Transient, Msg: "the system does not answer"}

// breaks has a system answer one page, and no more.
func breaks(page int) error {
	if page == 1 {
		return errOutage
	}
	return nil
}

func TestAReadingThatWasCutOffIsGoneOnWith(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = breaks
		_, err := c.reads(hr).engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "0")
		hr.before = nil
		c.wantMessage(c.sync(given("")), "department: 2 created; membership: 2 created; user: 3 created")
		c.same("where readings began", hr.states, "", "2")
	})
}

func TestAReadingOfASourceThatCannotGoOnBeginsAnew(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.stateful, hr.before = false, breaks
		_, err := c.reads(hr).engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		hr.before = nil
		c.wantMessage(c.sync(given("")), "department: 2 created; membership: 2 created; user: 3 created")
		c.same("where readings began", hr.states, "", "")
	})
}

func TestAReadingOfOtherOptionsBeginsAnew(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = breaks
		_, err := c.reads(hr).engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		hr.before = nil
		c.sync(given(`{"drift":"keep"}`))
		c.same("where readings began", hr.states, "", "")
	})
}

// held is a system that stops before its second page until it is let go.
func held() (hr *system, reached <-chan struct{}, letGo func()) {
	hr = newSystem(three()...)
	at, free := make(chan struct{}), make(chan struct{})
	hr.before = func(page int) error {
		if page == 1 {
			close(at)
			<-free
		}
		return nil
	}
	return hr, at, func() { close(free) }
}

func TestTwoClicksAreOneRun(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		first, err := c.reads(hr).engine.Start(c.Context(), given(""))
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		second, err := c.engine.Start(c.Context(), given(""))
		if err != nil || second.ID != first.ID {
			t.Errorf("the second Start() = %+v, %v; want task %s", second, err, first.ID)
		}
		_, err = c.engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Locked)
		letGo()
		if task, err := c.engine.Wait(c.Context(), first.ID); err != nil || task.State != engine.Success {
			t.Errorf("Wait() = %+v, %v", task, err)
		}
	})
}

func TestAPushDuringAReadingIsNewer(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		task, err := c.reads(hr).engine.Start(c.Context(), given(""))
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		c.pushAs(engine.Push{Source: "corp"}, users(`{"uid":"b","nickname":"Bob, just married"}`, `{"uid":"d","nickname":"Dora"}`))
		letGo()
		if _, err := c.engine.Wait(c.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		c.same("users", c.list(`SELECT nickname FROM {users} ORDER BY nickname`), "Ann", "Bob, just married", "Cid", "Dora")
	})
}

func TestAClosedEngineLeavesItsReadingToTheNext(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		task, err := c.reads(hr).engine.Start(c.Context(), given(""))
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		next := newCompany(t, c.db).reads(hr)
		closed := make(chan error)
		go func() { closed <- c.engine.CloseRuns() }()
		letGo()
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		if ended, err := next.engine.Task(t.Context(), task.ID); err != nil || ended.State != engine.Interrupted {
			t.Errorf("the task of the closed engine is %+v, %v; want it interrupted", ended, err)
		}
		hr.before = nil
		next.wantMessage(next.sync(given("")), "department: 2 created; membership: 2 created; user: 3 created")
	})
}

func TestACanceledReadingIsDropped(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		task, err := c.reads(hr).engine.Start(c.Context(), given(""))
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		if _, err := c.engine.Cancel(c.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		letGo()
		if ended, err := c.engine.Wait(c.Context(), task.ID); err != nil || ended.State != engine.Canceled {
			t.Errorf("the task is %+v, %v; want it canceled", ended, err)
		}
		hr.before = nil
		c.sync(given(""))
		c.same("where readings began", hr.states, "", "")
	})
}

func TestAPlanOfASourceWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.reads(hr)
		r, err := c.engine.PlanSync(c.Context(), given(""), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.wantMessage(r, "planned, nothing written; department: 2 created; membership: 2 created; user: 3 created")
		if len(r.Items) != 5 {
			t.Errorf("the plan has %d items, want 5", len(r.Items))
		}
		for _, table := range []string{"users", "departments", "userDataSyncRecords", "userDataSyncTasks", "readings", "pages"} {
			c.same(table, c.list(`SELECT count(*) FROM {`+table+`}`), "0")
		}
	})
}

func TestAnAdapterThatPanicsFailsItsRunOnly(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = func(int) error { panic("nil map") }
		_, err := c.reads(hr).engine.Sync(c.Context(), given(""), nil)
		if err == nil || !strings.Contains(err.Error(), "the adapter has a mistake") || strings.Contains(err.Error(), "nil map") {
			t.Errorf("Sync() = %v", err)
		}
		hr.before = nil
		c.sync(given(""))
	})
}

func TestWhatASourceAnswersIsTold(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = func(int) error {
			return &plugin.Error{Kind: plugin.Auth, Msg: "the password was refused", Hint: "enter it again"}
		}
		_, err := c.reads(hr).engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Auth)
		c.same("the task", c.list(`SELECT state, message FROM {runs}`), "failed read source corp: the password was refused (enter it again)")
		hr.before = func(int) error { return errors.New("token=hunter2") }
		_, err = c.engine.Sync(c.Context(), given(""), nil)
		wantKind(t, "Sync()", err, plugin.Internal)
	})
}

func TestACallerWhoLeavesStopsTheReading(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := c.reads(hr).engine.Sync(ctx, given(""), nil)
			done <- err
		}()
		<-reached
		cancel()
		letGo()
		wantKind(t, "Sync()", <-done, plugin.Canceled)
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "0")
	})
}

// blocking is a push that holds its source until it is let go.
func (c *company) blocking(source string) (letGo func()) {
	c.Helper()
	at, free, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_, err := c.engine.Push(context.WithoutCancel(c.Context()), engine.Push{Source: source, Bodies: func(yield func(engine.Body, error) bool) {
			close(at)
			<-free
			yield(users(`{"uid":"pushed"}`), nil)
		}}, nil)
		if err != nil {
			c.Errorf("Push() = %v", err)
		}
	}()
	<-at
	return func() { close(free); <-done }
}

func TestAClosedEngineLeavesWhatItHasReadToTheNext(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		task, err := c.corp().reads(hr).engine.Start(c.Context(), itsRow())
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		free := c.blocking("corp")
		letGo()
		for c.list(`SELECT count(*) FROM {pages}`)[0] != "5" {
		}
		if err := c.engine.CloseRuns(); err != nil {
			t.Fatal(err)
		}
		free()
		next := newCompany(t, c.db).reads(hr)
		if ended, err := next.engine.Task(t.Context(), task.ID); err != nil || ended.State != engine.Interrupted {
			t.Errorf("the task of the closed engine is %+v, %v; want it interrupted", ended, err)
		}
		hr.before = nil
		next.sync(itsRow())
		c.same("where readings began", hr.states, "", "6")
	})
}

func TestWhoStartsAndLeavesWaitsForNobody(t *testing.T) {
	each(t, func(c *company) {
		c.corp()
		ctx, leave := context.WithCancel(t.Context())
		r := &plugin.Registry{}
		c.engine.SetAdapters(r)
		err := r.AddDriver(plugin.Driver{
			Type: plugin.SourceType{Name: "system", DataTypes: []plugin.Type{plugin.User}, Capabilities: plugin.Capabilities{Pull: true}},
			Open: func(context.Context, plugin.Setup) (plugin.Source, error) { leave(); return newSystem(), nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		free := c.blocking("corp")
		started := make(chan error, 1)
		go func() {
			_, err := c.engine.Start(ctx, itsRow())
			started <- err
		}()
		select {
		case err := <-started:
			wantKind(t, "Start()", err, plugin.Canceled)
		case <-time.After(5 * time.Second):
			t.Error("Start() waits for the push, though nobody waits for it")
		}
		free()
		c.engine.CloseRuns()
	})
}

func TestAHostMayHandOverASourceWithoutOptions(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = breaks
		handed := engine.Sync{Source: "corp", Inline: &engine.Given{SourceType: "system"}}
		_, err := c.corp().reads(hr).engine.Sync(c.Context(), handed, nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		_, err = c.engine.Retry(c.Context(), "1", nil) // Roster does not know what the host has resolved
		wantKind(t, "Retry()", err, plugin.Unsupported)
		hr.before = nil
		c.sync(handed)
	})
}
