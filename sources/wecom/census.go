package wecom

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"strings"
)

// A census is who there is in the company, by the secret of contacts sync, which
// sees everybody's id and nothing else. People are kept as hashes.
type census struct {
	seed  maphash.Seed
	where map[uint64]int // the place of the first department of each that is read; else one of these
}

const (
	unwanted  = -1 // the options leave the member out
	invisible = -2 // the app does not see any department of the member
)

type memberIDs struct {
	status
	Next string `json:"next_cursor"`
	Rows []struct {
		UserID     string `json:"userid"`
		Department number `json:"department"`
	} `json:"dept_user"`
}

const (
	idsAtOnce = 10_000
	// beginnings is how often a list that changes while it is read is begun.
	beginnings = 3
)

// takeCensus asks who there is; nil where there is no secret for that, or it is
// refused.
func (r *reading) takeCensus(ctx context.Context) (*census, error) {
	if r.source.contacts == nil {
		return nil, nil
	}
	for n := 1; ; n++ {
		c := &census{seed: maphash.MakeSeed(), where: map[uint64]int{}}
		err := c.take(ctx, r)
		switch code := codeOf(err); {
		case err == nil:
			return c, nil
		case (code == 50100 || code == 60268) && n < beginnings:
			continue
		}
		return nil, r.doubtful("user/list_id", err)
	}
}

// take reads all the ids. Those of members that an earlier Read has emitted are
// taken for seen.
func (c *census) take(ctx context.Context, r *reading) error {
	cursors := map[string]bool{}
	for cursor := ""; ; {
		list, err := post[memberIDs](ctx, r.source.contacts, "user/list_id", map[string]any{"cursor": cursor, "limit": idsAtOnce})
		if err != nil {
			return err
		}
		for _, row := range list.Rows {
			c.add(r.tree, row.UserID, row.Department)
		}
		if cursor = list.Next; cursor == "" {
			break
		}
		if cursors[cursor] {
			return refused("user/list_id", 50100, "")
		}
		cursors[cursor] = true
	}
	maps.DeleteFunc(c.where, func(_ uint64, at int) bool { return at >= 0 && at < r.mark.Staffed })
	return nil
}

func (c *census) key(userID string) uint64 { return maphash.String(c.seed, strings.ToLower(userID)) }

// add notes one membership.
func (c *census) add(t *tree, userID string, department number) {
	at := invisible
	switch d := t.byID[department]; {
	case d != nil && d.read:
		at = d.at
	case d != nil && !d.chosen:
		at = unwanted
	}
	key := c.key(userID)
	before, known := c.where[key]
	if !known || at >= 0 && (before < 0 || at < before) || before < 0 && at > before {
		c.where[key] = at
	}
}

// saw notes that a member was read.
func (c *census) saw(userID string) {
	if c != nil {
		delete(c.where, c.key(userID))
	}
}

// compare says who was not read and ought to have been, and who could not be.
func (c *census) compare() (unread doubts, notes []string) {
	if c == nil {
		return nil, nil
	}
	missing, outside := 0, 0
	for _, at := range c.where {
		switch {
		case at >= 0:
			missing++
		case at == invisible:
			outside++
		}
	}
	if missing > 0 {
		unread.note("user/list_id", fmt.Sprintf("%d people are in the departments that were read, and were not read themselves", missing), "")
	}
	if outside > 0 {
		notes = append(notes, fmt.Sprintf("%d people of the company are outside of the visible range of the application: they are not synchronized, and not removed", outside))
	}
	return unread, notes
}
