package wecomtest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
)

const mostRows = 10_000 // in one answer

// A membership is a row of user/list_id.
type membership struct {
	UserID     string `json:"userid"`
	Department int64  `json:"department"`
}

type membershipList struct {
	Next string       `json:"next_cursor,omitempty"` // absent on the last page
	Rows []membership `json:"dept_user"`
}

// listMemberships answers the next page of all memberships. Its cursor is the
// last row of the page before, so that it holds whatever changes meanwhile.
func listMemberships(v *visit) (any, error) {
	if v.method != http.MethodPost {
		return nil, PostWanted
	}
	var asked struct {
		Cursor string `json:"cursor"`
		Limit  *int   `json:"limit"`
	}
	if err := json.NewDecoder(v.body).Decode(&asked); err != nil && !errors.Is(err, io.EOF) {
		return nil, BadParameter
	}
	limit := mostRows
	if asked.Limit != nil {
		limit = *asked.Limit
	}
	if limit < 1 || limit > mostRows {
		return nil, BadParameter
	}
	rows, err := after(v.memberships(), asked.Cursor)
	if err != nil {
		return nil, err
	}
	page := membershipList{Rows: rows[:min(limit, len(rows))]}
	if len(rows) > limit {
		page.Next = cursor(page.Rows[limit-1])
	}
	return page, nil
}

// after gives the rows after a cursor, all where it is empty.
func after(rows []membership, at string) ([]membership, error) {
	if at == "" {
		return rows, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(at)
	var last membership
	if err != nil || json.Unmarshal(text, &last) != nil {
		return nil, BadCursor
	}
	i, found := slices.BinarySearchFunc(rows, last, compareRows)
	return rows[i+flag(found):], nil
}

func cursor(last membership) string {
	return base64.RawURLEncoding.EncodeToString(marshal(last))
}

func compareRows(a, b membership) int {
	return cmp.Or(cmp.Compare(key(a.UserID), key(b.UserID)), cmp.Compare(a.Department, b.Department))
}

// A rowCache has a row for each member and department, sorted, for as long as
// nobody changes.
type rowCache struct {
	mu   sync.Mutex
	rows []membership
}

// memberships has all rows. The company is locked for reading.
func (c *Company) memberships() []membership {
	c.rows.mu.Lock()
	defer c.rows.mu.Unlock()
	if c.rows.rows == nil {
		c.rows.rows = c.makeRows()
	}
	return c.rows.rows
}

func (c *Company) makeRows() []membership {
	rows := make([]membership, 0, len(c.members))
	for _, m := range c.members {
		for _, p := range m.Places {
			rows = append(rows, membership{m.UserID, p.Department})
		}
	}
	slices.SortFunc(rows, compareRows)
	return rows
}

func (rc *rowCache) forget() {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.rows = nil
}
