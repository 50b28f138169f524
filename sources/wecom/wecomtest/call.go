package wecomtest

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// A call is one of WeCom's.
type call struct {
	answer func(*visit) (any, error)
	// empty has the lists that come with an error too.
	empty any
	// who may make it besides an app: contacts synchronization, with a secret of today
	contacts bool
	// onlyContacts: an app may not.
	onlyContacts bool
}

func findCall(name string) (call, bool) {
	switch name {
	case "department/list":
		return call{answer: listDepartments, empty: departmentList{[]department{}}}, true
	case "department/simplelist":
		return call{answer: listDepartmentIDs, empty: departmentIDs{[]departmentID{}}, contacts: true}, true
	case "department/get":
		return call{answer: getDepartment}, true
	case "user/list":
		return call{answer: listMembers, empty: memberList{[]member{}}}, true
	case "user/simplelist":
		return call{answer: listNames, empty: nameList{[]nameOnly{}}}, true
	case "user/get":
		return call{answer: getMember}, true
	case "user/list_id":
		return call{answer: listMemberships, empty: membershipList{Rows: []membership{}}, contacts: true, onlyContacts: true}, true
	case "tag/get":
		return call{answer: getTag, empty: tagContents{Members: []tagMember{}, Departments: []int64{}}}, true
	case "agent/get":
		return call{answer: getAgent}, true
	default:
		return call{}, false
	}
}

// A visit is one making of a call: who asks for what. The company is locked for
// reading meanwhile.
type visit struct {
	*Company
	bearer bearer
	view   *view
	method string
	query  url.Values
	body   io.Reader
}

// serveCall answers with status 200, whatever comes of it: the errcode tells.
func (s *Server) serveCall(w http.ResponseWriter, r *http.Request) {
	s.done.Add(1)
	defer s.done.Done()
	name := r.PathValue("call")
	leave, limited := s.limits.enter(name)
	defer leave()
	s.counts.add(name)
	trouble := s.faults.take(name, r.URL.Query())
	for _, do := range trouble.before {
		do()
	}
	if !s.holdUp(r, trouble) {
		panic(http.ErrAbortHandler)
	}
	c, known := findCall(name)
	var result any
	err := firstError(trouble.err(), limited)
	switch {
	case err != nil:
	case name == "gettoken":
		result, err = s.giveToken(r)
	case !known:
		err = BadAddress
	default:
		result, err = s.visit(c, r)
	}
	if err != nil {
		result = c.empty
	}
	send(w, encode(result, err, address(r)), trouble.cut)
}

func firstError(errs ...error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// visit answers a call that wants a token.
func (s *Server) visit(c call, r *http.Request) (any, error) {
	secret, err := s.tokens.secret(r.URL.Query().Get("access_token"))
	if err != nil {
		return nil, err
	}
	s.company.mu.RLock()
	defer s.company.mu.RUnlock()
	b, ok := s.company.bearer(secret)
	if !ok {
		return nil, BadToken
	}
	if err := b.may(c, address(r)); err != nil {
		return nil, err
	}
	return c.answer(&visit{s.company, b, s.company.view(b), r.Method, r.URL.Query(), http.MaxBytesReader(nil, r.Body, 1<<20)})
}

// may says whether the bearer may make the call from there.
func (b bearer) may(c call, ip netip.Addr) error {
	switch {
	case !b.trusts(ip):
		return NotTrustedIP
	case b.app != nil && c.onlyContacts:
		return NoPermission
	case b.app == nil && !c.contacts && !b.contacts.Legacy:
		return ContactsOnly
	}
	return nil
}

// enabled holds up an app that is disabled. It may still be asked about itself.
func (v *visit) enabled() error {
	if v.bearer.app != nil && v.bearer.app.Disabled {
		return AppDisabled
	}
	return nil
}

// address is where a request comes from.
func address(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap()
}

// code is what WeCom says of an error.
func code(err error) Code {
	var c Code
	if errors.As(err, &c) {
		return c
	}
	return -1
}
