package engine

import (
	"fmt"

	"github.com/nocobase-roster/roster/plugin"
)

// matching is the step of a test that says of how many users in the sample the
// source's match key is known. There is none where nobody is matched by one.
func (p *proposal) matching(sample []plugin.Record) []plugin.Step {
	said, _ := p.options[syncMember].(object)
	key, _ := said["matchKey"].(string)
	users, known := 0, 0
	for _, r := range sample {
		if r.Type != plugin.User || r.Deleted {
			continue
		}
		users++
		if v := r.Attrs[key]; v != nil && v != "" {
			known++
		}
	}
	if key == "" || users == 0 {
		return nil
	}
	step := plugin.Step{Name: "match key", OK: true, Message: fmt.Sprintf("%s: %d of %d users in the sample have one", key, known, users)}
	if known < users {
		step.Hint = "who has none is linked to nobody that is there already, and becomes a new user: choose a matchKey that everybody has, or map the field"
	}
	return []plugin.Step{step}
}
