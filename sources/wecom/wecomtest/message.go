package wecomtest

import (
	"fmt"
	"strings"
	"time"
)

// news is a change of the contacts. Addresses that were set up before
// 2022-08-15 are told all of it, those of today less, or nothing.
type news struct {
	change string // the ChangeType; empty: no news
	full   []element
	short  []element // nil: not told
}

// An element of a message, in XML already.
type element struct{ name, xml string }

func text(name, value string) element {
	return element{name, "<![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]>"}
}

func integer[T ~int | ~int64 | ~uint32](name string, value T) element {
	return element{name, fmt.Sprint(value)}
}

// message writes the news as it is sent, empty where it is not.
func (n news) message(corpID string, legacy bool, now time.Time) string {
	body := n.short
	if legacy {
		body = n.full
	}
	if n.change == "" || body == nil {
		return ""
	}
	return envelope(corpID, "sys", "change_contact", now, write(append([]element{text("ChangeType", n.change)}, body...)))
}

// envelope writes a message about an event.
func envelope(corpID, from, event string, now time.Time, body string) string {
	return "<xml>" + write([]element{
		text("ToUserName", corpID), text("FromUserName", from), integer("CreateTime", now.Unix()),
		text("MsgType", "event"), text("Event", event),
	}) + body + "</xml>"
}

func write(elements []element) string {
	var xml strings.Builder
	for _, e := range elements {
		fmt.Fprintf(&xml, "<%s>%s</%[1]s>", e.name, e.xml)
	}
	return xml.String()
}
