package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/zap/zaptest"
	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// processes gives engines that know nothing of each other, on one database.
func processes(t *testing.T, url string, n int) []*company {
	t.Helper()
	companies := make([]*company, n)
	for i := range companies {
		companies[i] = newCompany(t, schematest.Open(t, url))
	}
	return companies
}

// atOnce makes n pushes at the same time, over all companies.
func atOnce(companies []*company, n int, push func(i int) engine.Push) error {
	group, ctx := errgroup.WithContext(context.Background())
	for i := range n {
		e := companies[i%len(companies)].engine
		group.Go(func() error {
			_, err := e.Push(ctx, push(i), nil)
			return err
		})
	}
	return group.Wait()
}

func TestHoweverManyPushesOneRecordMakesOneRow(t *testing.T) {
	for _, processCount := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d processes", processCount), func(t *testing.T) {
			schematest.EachURL(t, func(t *testing.T, url string) {
				companies := processes(t, url, processCount)
				c := companies[0]
				err := atOnce(companies, 50, func(int) engine.Push {
					return engine.Push{Source: "hr", Bodies: bodies([]engine.Body{
						departments(`{"uid":"1","title":"Sales"}`),
						users(`{"uid":"a","nickname":"Ann","email":"ann@example.com","departments":["1"]}`),
					})}
				})
				if err != nil {
					t.Fatal(err)
				}
				c.wantUsers("nickname", "Ann")
				c.wantTree("Sales")
				c.wantMembers("Ann in Sales, main")
				c.wantLinks("hr: 1 is Sales", "hr: a is Ann")
				c.wantClaims("hr: a in Sales")
				c.same("states", c.list(`SELECT DISTINCT state FROM {runs}`), "success")
			})
		})
	}
}

func TestSourcesPushAtOnce(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		companies := processes(t, url, 2)
		c := companies[0]
		err := atOnce(companies, 24, func(i int) engine.Push {
			return engine.Push{Source: "source " + itoa(i%8), Bodies: bodies([]engine.Body{
				departments(`{"uid":"1","title":"Sales"}`),
				users(`{"uid":"a","nickname":"Ann","departments":["1"]}`, fmt.Sprintf(`{"uid":"%d","nickname":"Bob"}`, i)),
			})}
		})
		if err != nil {
			t.Fatal(err)
		}
		c.soundTree()
		c.same("people", c.list(`SELECT nickname, count(*) FROM {users} GROUP BY nickname ORDER BY 1`), "Ann 8", "Bob 24")
		c.same("departments", c.list(`SELECT title, count(DISTINCT id), count(DISTINCT sort) FROM {departments} GROUP BY title`), "Sales 8 8")
		c.same("memberships", c.list(`SELECT count(*) FROM {departmentsUsers}`), "8")
	})
}

// Two sources that find the same new column in their first run both give the
// plan table one like it.
func TestANewColumnIsSeenByManyAtOnce(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		companies := processes(t, url, 2)
		c := companies[0]
		for round := range 3 {
			column := "extra" + itoa(round)
			c.column("users", column, "varchar(255)")
			err := atOnce(companies, 8, func(i int) engine.Push {
				return engine.Push{Source: itoa(i), Bodies: bodies([]engine.Body{users(`{"uid":"a","` + column + `":"x"}`)})}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		c.same("filled", c.list(`SELECT extra0, extra1, extra2, count(*) FROM {users} GROUP BY 1, 2, 3`), "x x x 8")
	})
}

func TestAPushThatIsCanceledWhileItWaitsWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		ctx, cancel := context.WithCancel(c.Context())
		reading := make(chan struct{})
		goOn := make(chan struct{})
		var first error
		var wait sync.WaitGroup
		wait.Go(func() {
			_, first = c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: func(yield func(engine.Body, error) bool) {
				close(reading)
				<-goOn
				yield(users(`{"uid":"a","nickname":"Ann"}`), nil)
			}}, nil)
		})
		<-reading
		cancel()
		_, err := c.engine.Push(ctx, engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"b"}`)})}, nil)
		if plugin.KindOf(err) != plugin.Canceled || !errors.Is(err, context.Canceled) {
			c.Errorf("the canceled push = %v, want that it was canceled", err)
		}
		close(goOn)
		wait.Wait()
		if first != nil {
			c.Errorf("the push it waited for = %v", first)
		}
		c.wantUsers("nickname", "Ann")
	})
}

func TestACanceledPushSaysSoAndTheSamePushAgainEndsIt(t *testing.T) {
	each(t, func(c *company) {
		ctx, cancel := context.WithCancel(c.Context())
		push := engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann"}`)})}
		_, err := c.engine.Push(ctx, push, func(p engine.Progress) {
			if p.State == engine.Applying {
				cancel()
			}
		})
		switch {
		case err == nil:
			c.Log("it was done before the cancellation came")
		case plugin.KindOf(err) != plugin.Canceled:
			c.Errorf("Push() = %v, want that it was canceled", err)
		default:
			c.same("states", c.list(`SELECT state FROM {runs}`), "canceled")
		}
		if _, err := c.engine.Push(c.Context(), push, nil); err != nil {
			c.Fatal(err)
		}
		c.wantUsers("nickname", "Ann")
	})
}

func TestAClosedEngineTakesNothing(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		db, err := schema.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
			t.Fatal(err)
		}
		e := engine.New(db, targets.All(db), zaptest.NewLogger(t))
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		_, err = e.Push(t.Context(), engine.Push{Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})}, nil)
		if plugin.KindOf(err) != plugin.Canceled {
			t.Errorf("Push() after Close() = %v, want an error of kind canceled", err)
		}
	})
}
