package process

import (
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// The next process may give a session the name that one of the last had, for
// another source. So sessions have the number of their life before their names.

// ourName is the name of a session of l to whoever calls us.
func ourName(l *life, session string) string { return l.number + ":" + session }

// theirName is what the adapter calls a session.
func theirName(session string) string {
	_, name, _ := strings.Cut(session, ":")
	return name
}

// stale says whether params name a session of another life than l.
func stale(params any, l *life) bool {
	old := false
	withSession(params, func(session string) string {
		number, _, _ := strings.Cut(session, ":")
		old = l == nil || l.number != number
		return session
	})
	return old
}

// withSession gives params with the name of the session, if they have one,
// changed.
func withSession(params any, rename func(string) string) any {
	switch p := params.(type) {
	case plugin.SessionParams:
		p.Session = rename(p.Session)
		return p
	case plugin.ReadParams:
		p.Session = rename(p.Session)
		return p
	case plugin.LookupParams:
		p.Session = rename(p.Session)
		return p
	case plugin.WebhookParams:
		p.Session = rename(p.Session)
		return p
	}
	return params
}

// sessionEnded is the error of a call to a session that ended with its process:
// whoever called opens another.
func sessionEnded() error {
	return &plugin.Error{Kind: plugin.NotFound, Path: "/session", Msg: "the adapter has ended since the source was opened", Hint: "open the source again"}
}
