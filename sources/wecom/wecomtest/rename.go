package wecomtest

import "slices"

// RenameMember gives a member another userid, which WeCom allows once. Who
// names the member elsewhere names it by the new one then.
func (c *Company) RenameMember(was, userID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[key(was)]
	switch other := c.members[key(userID)]; {
	case m == nil:
		return NoMember
	case !validUserID.MatchString(userID):
		return BadUserID
	case other != nil && other != m:
		return UserIDTaken
	case c.renamed[key(was)]:
		return RenamedBefore
	}
	renamed := *m
	renamed.UserID = userID
	c.unseat(m)
	c.seat(&renamed)
	delete(c.renamed, key(was))
	c.renamed[key(userID)] = true
	c.follow(was, userID)
	c.tell(func() news { return userRenamed(m.UserID, userID) })
	return nil
}

// follow changes whoever names the member.
func (c *Company) follow(was, userID string) {
	for id, d := range c.departments {
		if names(d.Leaders, was) {
			changed := *d
			changed.Leaders = replace(d.Leaders, was, userID)
			c.departments[id] = &changed
		}
	}
	for _, m := range c.members {
		if names(m.DirectLeaders, was) {
			changed := *m
			changed.DirectLeaders = replace(m.DirectLeaders, was, userID)
			c.seat(&changed)
		}
	}
	for _, t := range c.tags {
		t.Members = replace(t.Members, was, userID)
	}
	for _, a := range c.apps {
		a.Members = replace(a.Members, was, userID)
	}
	c.views.forget()
}

func names(list []string, userID string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return key(s) == key(userID) })
}

func replace(list []string, was, userID string) []string {
	list = slices.Clone(list)
	for i, s := range list {
		if key(s) == key(was) {
			list[i] = userID
		}
	}
	return list
}
