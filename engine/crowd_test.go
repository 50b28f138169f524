package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// A crowd of clients pushes through two processes, half of them to one source:
// what they all say makes one row, each is answered about its own records, and
// nothing is stuck. CROWD sets for how long; each pushes at least once.
func TestACrowdOfClients(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		lasting, err := time.ParseDuration(os.Getenv("CROWD"))
		if err != nil {
			lasting = time.Second
		}
		const clients = 64
		companies := processes(t, url, 2)
		end := time.Now().Add(lasting)
		pushed := make([]int, clients)
		group, ctx := errgroup.WithContext(t.Context())
		for i := range clients {
			group.Go(func() error {
				for round := 0; round == 0 || time.Now().Before(end); round++ {
					if err := member(i).push(ctx, companies[i%len(companies)].engine, round); err != nil {
						return fmt.Errorf("client %d, round %d: %w", i, round, err)
					}
					pushed[i]++
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		c := companies[0]
		var people, own []string
		total := 0
		for i, n := range pushed {
			total += n
			own = append(own, fmt.Sprintf("%s client %d round %d", member(i).source(), i, n-1))
		}
		for i := range sources {
			people = append(people, fmt.Sprintf("source %d shared 1", i))
		}
		c.Logf("%d pushes", total)
		c.sameSet("shared", people, c.list(`SELECT r.source, u.nickname, count(*) FROM {users} u JOIN {records} r ON r.row_id = u.id AND r.type = 'user'
			WHERE u.nickname = 'shared' GROUP BY r.source, u.nickname`))
		c.sameSet("own", own, c.list(`SELECT r.source, u.nickname FROM {users} u JOIN {records} r ON r.row_id = u.id AND r.type = 'user' WHERE u.nickname <> 'shared'`))
		c.same("rows", c.list(`SELECT count(*), (SELECT count(*) FROM {departments}), (SELECT count(*) FROM {departmentsUsers}) FROM {users}`),
			fmt.Sprintf("%d %d %d", clients+sources, sources, clients+sources))
		for _, task := range mustSettled(t, c.engine) {
			if task.State != engine.Partial {
				t.Errorf("task %s is %s: %s", task.ID, task.State, task.Message)
			}
		}
		checkInvariants(t, c.db)
		for _, c := range companies {
			mustBeIdle(t, c.db)
		}
		mustBeClean(t, c.db)
	})
}

// sources is how many the crowd pushes to.
const sources = 9

// A member of the crowd says what all say, and something of its own, of which
// one record is bad.
type member int

func (m member) source() string {
	if m < 32 {
		return "source 0"
	}
	return fmt.Sprintf("source %d", 1+m%(sources-1))
}

func (m member) push(ctx context.Context, e *engine.Engine, round int) error {
	r, err := e.Push(ctx, engine.Push{Source: m.source(), Bodies: bodies([]engine.Body{
		departments(`{"uid":"d","title":"All"}`),
		users(
			`{"uid":"shared","nickname":"shared","departments":["d"]}`,
			fmt.Sprintf(`{"uid":"m%d","nickname":"client %d round %d","departments":["d"]}`, m, m, round),
			fmt.Sprintf(`{"uid":"bad m%d","nickname":["round %d"]}`, m, round)),
	})}, nil)
	if err != nil {
		return err
	}
	return m.answered(r, round)
}

// answered checks that an answer is about the records of this push. What all
// say may have been said later by another whose turn came first.
func (m member) answered(r *engine.Report, round int) error {
	got := fmt.Sprintf("%s %v:", r.Task.Source, r.Task.FinishedAt != nil)
	for _, result := range r.Result {
		n := result.Detail.Count
		got += fmt.Sprintf(" %s %d of %d", result.Resource, n.Success+n.Skipped, n.All)
		if result.Resource == "users" && n.Success == 0 {
			got += ", its own was skipped"
		}
		for _, failed := range result.Detail.FailedRecords {
			var record struct {
				UID      string
				Nickname []string
			}
			if err := json.Unmarshal(failed.Record, &record); err != nil {
				return err
			}
			got += fmt.Sprintf(" but %s %s", record.UID, strings.Join(record.Nickname, " "))
		}
	}
	want := fmt.Sprintf("%s true: departments 1 of 1 users 2 of 3 but bad m%d round %d departments 3 of 3", m.source(), m, round)
	if got != want {
		return fmt.Errorf("answered %q, want %q", got, want)
	}
	return nil
}
