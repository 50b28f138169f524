package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// Whoever left while waiting for a value must not come when that is free.
func TestWhoLeftWaitsForNothing(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'By hand', 'x'")
		hr := confirming(append(three(), `user {"uid":"d","nickname":"Dan","email":"x"}`)...)
		c.corp().reads(hr).sync(itsRow())
		c.same("who waits", c.list(`SELECT uid FROM {conflicts}`), "d")
		hr.holds(three()...)
		c.sync(itsRow())
		c.same("who waits once Dan has left", c.list(`SELECT uid FROM {conflicts}`))
		c.edit("users", "email = 'y'", "nickname = 'By hand'")
		c.callback("user a")
		c.works(c.emptied)
		c.wantUsers("nickname", "By hand", "Ann", "Bob", "Cid")
	})
}

func TestALookUpThatHangsCanBeCanceled(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.holds(three()[:3]...)
		ctx, cancel := context.WithCancel(c.Context())
		hr.asked = func() error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		_, err := c.engine.Sync(ctx, given(""), nil)
		if !errors.Is(err, context.Canceled) && plugin.KindOf(err) != plugin.Canceled {
			t.Errorf("Sync() = %v, want that it was canceled", err)
		}
		c.same("how it ended", c.list(`SELECT state FROM {runs} ORDER BY id`), "success", "canceled")
		hr.asked = nil
		c.wantMessage(c.sync(given("")), "department: 2 unchanged; user: 2 deleted, 1 unchanged")
	})
}

func TestWhereNobodyCanBeSeenEverybodyStays(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.hidden = []string{"top", "rd", "a", "b", "c"}
		r := c.sync(given(""))
		c.wantWarning(r, "5 records cannot be seen any more, nor whether they are gone, and stay as they are: department rd, department top, user a and 2 more")
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.wantTree("Top", "  R&D")
	})
}

// Each has a connection with what is missing: they must leave some to others.
func TestLookUpsThatHangKeepNobodyFromTheDatabase(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr)
		const sources = 20
		of := func(i int) engine.Sync {
			s := given("")
			s.Source = fmt.Sprint("corp", i)
			return s
		}
		for i := range sources {
			c.sync(of(i))
		}
		hr.holds(three()[:4]...)
		free := make(chan struct{})
		hr.asked = func() error { <-free; return nil }
		var group sync.WaitGroup
		for i := range sources {
			group.Go(func() {
				if _, err := c.engine.Sync(c.Context(), of(i), nil); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
		defer cancel()
		for i := range 2 * sources {
			_, err := c.engine.Push(ctx, engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(fmt.Sprintf(`{"uid":"%d"}`, i))})}, nil)
			if err != nil {
				t.Errorf("push %d beside look-ups that hang: %v", i, err)
				break
			}
		}
		close(free)
		group.Wait()
	})
}

// What was read under a name that an event has changed meanwhile is nobody new.
func TestARenameWhileASourceIsReadMakesNobodyTwice(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.corp().reads(hr).sync(itsRow())
		renamed := false
		hr.before = func(page int) error {
			if page != 2 || renamed {
				return nil
			}
			renamed = true
			hr.holds(append(three()[:2], `user {"uid":"ann","nickname":"Ann"}`, three()[3], three()[4])...)
			c.callback("user ann was a")
			c.works(func() bool {
				return c.list(`SELECT count(*) FROM {runs} WHERE kind = 'events' AND finished_at IS NOT NULL`)[0] == "1"
			})
			return nil
		}
		c.sync(itsRow())
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.same("records", c.list(`SELECT uid FROM {records} WHERE type = 'user' AND removed IS NULL ORDER BY uid`), "ann", "b", "c")
	})
}
