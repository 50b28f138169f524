package wecom

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nocobase-roster/roster/plugin"
)

// A code is WeCom's errcode: it stands in the answer, whose HTTP status is 200.
type code int

// Error says the code and what it means. What WeCom itself wrote is not
// repeated: it may change, and hold what was asked for.
func (c code) Error() string {
	return fmt.Sprintf("WeCom answered %d, %s", int(c), meaningOf(int(c)).says)
}

// A fate is what a code says of the one record that was asked for.
type fate int

const (
	unsaid fate = iota // nothing: the call failed
	gone               // it does not exist
	hidden             // it may exist, and may not be seen
)

// A meaning is what codes say, and what there is to do about them.
type meaning struct {
	codes []int
	kind  plugin.Kind   // Transient and RateLimited: the call may be made again
	after time.Duration // not before; 0: as the caller sees fit
	fate  fate
	says  string
	hint  string
}

// coolDown is how long a wrong secret is not tried again: WeCom blocks addresses
// that do so for an hour.
const coolDown = 5 * time.Minute

// meanings are all codes that have a message of their own. Those that tell of
// people or departments outside of the app's range are no proof that somebody
// has left.
func meanings() []meaning {
	return []meaning{
		{[]int{-1}, plugin.Transient, 0, unsaid, "the system is busy", "try again later"},
		{[]int{6000}, plugin.Transient, 0, unsaid, "somebody else is changing the same data", "try again later"},

		{[]int{40001, 40091}, plugin.Auth, coolDown, unsaid, "the secret is wrong", "copy the Secret of the application again: it is wrong, belongs to another application or company, or the application is disabled; too many tries block this machine for an hour"},
		{[]int{40013}, plugin.Config, coolDown, unsaid, "the Corp ID is wrong", "copy it from My Company → Company Information → Company ID"},
		{[]int{41002}, plugin.Config, coolDown, unsaid, "the Corp ID is missing", "set corpId of the source"},
		{[]int{41004, 41024}, plugin.Config, coolDown, unsaid, "the secret is missing", "set secret of the source"},
		{[]int{40014, 42001}, plugin.Auth, 0, unsaid, "the access token is not valid any more", "see that nobody else revokes the tokens of the application; a new token is asked for by itself"},
		{[]int{41001}, plugin.Config, 0, unsaid, "the access token did not arrive", "see whether a proxy on the way strips the query of requests"},
		{[]int{40056, 301002}, plugin.Config, 0, unsaid, "the AgentId is not that of this secret", "copy AgentId and Secret from the page of the same application"},

		{[]int{40003, 46004, 60111, 301021}, plugin.NotFound, 0, gone, "there is no such member", "nothing is to be done where somebody has left"},
		{[]int{60003, 60123}, plugin.NotFound, 0, gone, "there is no such department", "nothing is to be done where it was removed; else check rootDepartment and the departments that are included"},
		{[]int{81013, 82001}, plugin.NotFound, 0, unsaid, "none of the members, departments and tags exists", "check the visible range of the application"},
		{[]int{60011}, plugin.Auth, 0, hidden, "the member, department or tag is not in the visible range of the application", "add it to the visible range (可见范围) of the application, or leave it out of the source"},
		{[]int{50002, 60021, 92000}, plugin.Auth, 0, hidden, "the member is not in the visible range of the application", "add the member, or one of the member's departments, to the visible range (可见范围) of the application"},

		{[]int{45009}, plugin.RateLimited, time.Minute, unsaid, "too many calls were made", "lower requestsPerSecond of the source; a minute's limit ends after a minute, an hour's after an hour"},
		{[]int{45033, 45035}, plugin.RateLimited, 0, unsaid, "too many calls were made at a time", "lower concurrency of the source"},
		{[]int{45029}, plugin.Data, 0, unsaid, "the answer would be too large", "split the department, or ask for it by its parts"},
		{[]int{45036}, plugin.Auth, 0, unsaid, "WeCom restricts what this application may read", "look for a notice in WeCom's admin console"},

		{[]int{48001, 48002}, plugin.Auth, 0, unsaid, "this secret may not make this call", "members are read with the secret of an application, the list of all ids with that of contacts sync: see that the two are not mixed up"},
		{[]int{48005}, plugin.Unsupported, 0, unsaid, "WeCom has given up this call", "use a newer Roster"},
		{[]int{48006}, plugin.Auth, 0, unsaid, "the permission was withdrawn, for the application was not used for long", "have an administrator enable the application again"},
		{[]int{48008}, plugin.Auth, 0, unsaid, "this secret may change contacts and not read them", "use the Secret of a self-built application"},
		{[]int{48009}, plugin.Auth, 0, unsaid, "the secret of contacts sync may not read details from this machine", "use the Secret of a self-built application as secret, and that of contacts sync as contactsSecret only"},
		{[]int{48010}, plugin.Config, 0, unsaid, "the connection uses a TLS that is too old", "look for a proxy on the way that breaks up TLS"},
		{[]int{50003, 60031}, plugin.Auth, 0, unsaid, "the application is disabled", "enable it in WeCom's admin console"},
		{[]int{50100, 60268}, plugin.Stale, 0, unsaid, "the list changed while it was read", "read it again from the beginning"},
		{[]int{60020}, plugin.Auth, 0, unsaid, "the address of this machine is not trusted", "add the address of this machine under the application → Trusted IP (企业可信IP), and wait a minute"},
		{[]int{301007}, plugin.Auth, 0, unsaid, "the company was dissolved or banned", "disable the source; nobody is removed"},
	}
}

// meaningOf gives the meaning of a code, known or not.
func meaningOf(c int) meaning {
	for _, m := range meanings() {
		if slices.Contains(m.codes, c) {
			return m
		}
	}
	return meaning{
		codes: []int{c}, kind: plugin.Data, says: "a code that Roster does not know",
		hint: "look it up at https://developer.work.weixin.qq.com/document/path/90313",
	}
}

// refused is the error of a call that WeCom answered with a code. errmsg is what
// it wrote beside it, of which nothing is repeated but the address of this
// machine that it does not trust.
func refused(call string, c int, errmsg string) *plugin.Error {
	m := meaningOf(c)
	e := &plugin.Error{Kind: m.kind, Msg: "ask " + call, Hint: m.hint, RetryAfter: m.after, Err: code(c)}
	if address, ok := fromIP(errmsg); ok && c == 60020 {
		e.Hint = strings.Replace(e.Hint, "the address of this machine", address.String(), 1)
	}
	return e
}

// fromIP finds the address in what WeCom writes with 60020.
func fromIP(errmsg string) (netip.Addr, bool) {
	_, text, _ := strings.Cut(errmsg, "from ip:")
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	address, err := netip.ParseAddr(cmp.Or(words...))
	return address.WithZone(""), err == nil
}

// codeOf gives the code that err is about, or 0.
func codeOf(err error) int {
	var c code
	errors.As(err, &c)
	return int(c)
}

// isGone says whether the record that was asked for does not exist.
func isGone(c int) bool { return meaningOf(c).fate == gone }

// isHidden says whether the record that was asked for may not be seen.
func isHidden(c int) bool { return meaningOf(c).fate == hidden }

// isToken says whether a new access token may help.
func isToken(c int) bool { return c == 40014 || c == 42001 }
