package wecom

import (
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// eventsOf says what a message of WeCom's tells of. What changed is not taken
// from it: since 2022 it names little more than who it was, and what it names may
// be older than what has been read.
func eventsOf(m message) []plugin.Event {
	everything := []plugin.Event{{All: true}}
	switch m.of("event") {
	case "batch_job_result": // a job of somebody's has changed any number of people
		return everything
	case "change_contact":
	default: // of the application, not of contacts
		return nil
	}
	var event plugin.Event
	switch change := m.of("changetype"); change {
	case "create_user", "update_user", "delete_user":
		event = memberEvent(m)
		event.Gone = change == "delete_user"
	case "create_party", "update_party", "delete_party":
		event = plugin.Event{Type: plugin.Department, UID: departmentUID(m.of("id")), Gone: change == "delete_party"}
	} // a tag changes who is seen; and what is not known may change anything
	if event.UID == "" {
		return everything
	}
	return []plugin.Event{event}
}

// memberEvent names a member, by the new name if that is what has changed.
func memberEvent(m message) plugin.Event {
	uid, renamed := strings.ToLower(m.of("userid")), strings.ToLower(m.of("newuserid"))
	if uid == "" || renamed == "" || renamed == uid {
		return plugin.Event{Type: plugin.User, UID: uid}
	}
	return plugin.Event{Type: plugin.User, UID: renamed, Was: uid}
}

// departmentUID gives the uid of a department, or nothing for what is no id.
func departmentUID(id string) string {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
		return strconv.FormatInt(n, 10)
	}
	return ""
}
