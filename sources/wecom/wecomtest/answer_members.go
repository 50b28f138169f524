package wecomtest

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
)

// A member is the answer about one. What is left out where WeCom withholds it
// is a pointer: elsewhere it comes even when it is empty.
type member struct {
	UserID      string     `json:"userid"`
	Name        string     `json:"name"`
	Departments []int64    `json:"department"`
	Order       []uint32   `json:"order"`
	Position    string     `json:"position"`
	Mobile      *string    `json:"mobile,omitempty"`
	Gender      string     `json:"gender"`
	Email       *string    `json:"email,omitempty"`
	BizMail     *string    `json:"biz_mail,omitempty"`
	Leader      []int      `json:"is_leader_in_dept"`
	Direct      []string   `json:"direct_leader"`
	Avatar      *string    `json:"avatar,omitempty"`
	Thumb       *string    `json:"thumb_avatar,omitempty"`
	Telephone   string     `json:"telephone"`
	Alias       string     `json:"alias"`
	Status      int        `json:"status,omitempty"`
	Address     *string    `json:"address,omitempty"`
	EnglishName string     `json:"english_name"`
	Main        int64      `json:"main_department,omitempty"`
	ExtAttr     attributes `json:"extattr"`
	QRCode      *string    `json:"qr_code,omitempty"`
}

type attributes struct {
	List []attribute `json:"attrs"`
}

type attribute struct {
	Type int       `json:"type"` // 0 a text, 1 a link
	Name string    `json:"name"`
	Text *attrText `json:"text,omitempty"`
	Web  *attrWeb  `json:"web,omitempty"`
}

type attrText struct {
	Value string `json:"value"`
}

type attrWeb struct {
	URL   string `json:"url"`
	Title string `json:"title"`
}

type memberList struct {
	Members []member `json:"userlist"`
}

type nameList struct {
	Members []nameOnly `json:"userlist"`
}

type nameOnly struct {
	UserID      string  `json:"userid"`
	Name        string  `json:"name"`
	Departments []int64 `json:"department"`
}

// listMembers answers who is in a department itself, not in those below it.
func listMembers(v *visit) (any, error) {
	id, err := v.readable("department_id")
	if err != nil {
		return nil, err
	}
	list := memberList{make([]member, 0, len(v.staff[id]))}
	for _, m := range v.sorted(id) {
		list.Members = append(list.Members, v.tellMember(m))
	}
	return list, nil
}

func listNames(v *visit) (any, error) {
	id, err := v.readable("department_id")
	if err != nil {
		return nil, err
	}
	list := nameList{make([]nameOnly, 0, len(v.staff[id]))}
	for _, m := range v.sorted(id) {
		list.Members = append(list.Members, nameOnly{m.UserID, m.Name, v.tellMember(m).Departments})
	}
	return list, nil
}

func getMember(v *visit) (any, error) {
	userID := v.query.Get("userid")
	m := v.members[key(userID)]
	switch err := v.enabled(); {
	case err != nil:
		return nil, err
	case userID == "":
		return nil, NoUserID
	case m == nil:
		return nil, NoMember
	case !v.view.sees(m):
		return nil, NoPrivilege
	}
	return v.tellMember(m), nil
}

// sorted has the members of a department by their userids.
func (v *visit) sorted(department int64) []*Member {
	staff := slices.Collect(maps.Values(v.staff[department]))
	slices.SortFunc(staff, func(a, b *Member) int { return cmp.Compare(a.UserID, b.UserID) })
	return staff
}

// tellMember is what the bearer is told of a member.
func (v *visit) tellMember(m *Member) member {
	told := member{
		UserID: m.UserID, Name: m.Name, Position: m.Position, Gender: "0", Direct: v.visible(m.DirectLeaders),
		Departments: []int64{}, Order: []uint32{}, Leader: []int{},
		Telephone: m.Telephone, Alias: m.Alias, Status: m.status(), ExtAttr: m.attributes(),
	}
	for _, p := range m.Places {
		if v.view.departments[p.Department] {
			told.Departments = append(told.Departments, p.Department)
			told.Order = append(told.Order, p.Order)
			told.Leader = append(told.Leader, flag(p.Leader))
		}
	}
	if v.view.departments[m.main()] {
		told.Main = m.main()
	}
	if !v.bearer.withholds() {
		code := m.qrCode()
		told.Mobile, told.Email, told.BizMail, told.Address = &m.Mobile, &m.Email, &m.BizMail, &m.Address
		told.Avatar, told.Thumb, told.QRCode = &m.Avatar, &m.Avatar, &code
		told.Gender = cmp.Or(m.Gender, "0")
	}
	return told
}

func (m *Member) status() int {
	if m.Status == 0 {
		return Activated
	}
	return max(m.Status, 0)
}

func (m *Member) attributes() attributes {
	list := attributes{make([]attribute, 0, len(m.ExtAttr))}
	for _, a := range m.ExtAttr {
		if a.URL != "" {
			list.List = append(list.List, attribute{Type: 1, Name: a.Name, Web: &attrWeb{a.URL, a.Value}})
		} else {
			list.List = append(list.List, attribute{Name: a.Name, Text: &attrText{a.Value}})
		}
	}
	return list
}

func (m *Member) qrCode() string {
	hash := fnv.New64a()
	hash.Write([]byte(m.UserID))
	return "https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=vc" + strconv.FormatUint(hash.Sum64(), 16)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
