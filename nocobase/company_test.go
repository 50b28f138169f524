//go:build nocobase

package nocobase_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// A company is records of people in one or two departments each, made by a
// rule. Two of different sizes agree on those that both have.
type company struct {
	people, departments int
	edition             int // another has other nicknames
}

// pushes are the bodies of a push to the source hr, of at most that many
// records each; departments come first.
func (c company) pushes(size int) []host.Push {
	var all []host.Push
	for _, of := range []struct {
		dataType string
		count    int
		record   func(int) json.RawMessage
	}{{"department", c.departments, c.department}, {"user", c.people, c.person}} {
		for i := range of.count {
			if i%size == 0 {
				all = append(all, host.Push{DataType: of.dataType, SourceName: "hr"})
			}
			last := &all[len(all)-1]
			last.Records = append(last.Records, of.record(i))
		}
	}
	return all
}

// file is the pushes as a file for Roster.
func (c company) file(tb testing.TB) []byte {
	tb.Helper()
	var file bytes.Buffer
	enc := json.NewEncoder(&file)
	for _, p := range c.pushes(c.people) {
		if err := enc.Encode(p); err != nil {
			tb.Fatal(err)
		}
	}
	return file.Bytes()
}

func (c company) department(i int) json.RawMessage {
	if i == 0 {
		return json.RawMessage(`{"uid":"d0","title":"Department 0"}`)
	}
	return json.RawMessage(fmt.Sprintf(`{"uid":"d%d","title":"Department %d","parentUid":"d%d"}`, i, i, (i-1)/8))
}

func (c company) person(i int) json.RawMessage {
	in := fmt.Sprintf(`{"uid":"d%d","isMain":true}`, i%c.departments)
	if i%2 == 0 {
		in += fmt.Sprintf(`,"d%d"`, (i*7+1)%c.departments)
	}
	return json.RawMessage(fmt.Sprintf(`{"uid":"u%d","username":"user%d","nickname":%q,"email":"user%d@example.com","departments":[%s]}`,
		i, i, c.nickname(i), i, in))
}

func (c company) nickname(i int) string { return fmt.Sprintf("Person %d, edition %d", i, c.edition) }
