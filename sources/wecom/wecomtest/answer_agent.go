package wecomtest

import "cmp"

type agent struct {
	ID      int64         `json:"agentid"`
	Name    string        `json:"name"`
	Members *allowMembers `json:"allow_userinfos,omitempty"`
	Parties *allowParties `json:"allow_partys,omitempty"`
	Tags    *allowTags    `json:"allow_tags,omitempty"`
	Close   int           `json:"close"` // 1: disabled
}

type allowMembers struct {
	List []allowMember `json:"user"`
}

type allowMember struct {
	UserID string `json:"userid"`
}

type allowParties struct {
	IDs []int64 `json:"partyid"`
}

type allowTags struct {
	IDs []int64 `json:"tagid"`
}

// getAgent tells an app about itself, even when it is disabled.
func getAgent(v *visit) (any, error) {
	id, err := number(v.query, "agentid")
	app := v.bearer.app
	switch {
	case !v.query.Has("agentid"):
		return nil, NoAgent
	case err != nil || v.apps[id] == nil:
		return nil, BadAgent
	case app == nil || app.AgentID != id:
		return nil, OtherApp
	}
	told := agent{ID: id, Name: cmp.Or(app.Name, "App"), Close: flag(app.Disabled)}
	if members := v.present(app.Members); len(members) > 0 {
		told.Members = &allowMembers{}
		for _, userID := range members {
			told.Members.List = append(told.Members.List, allowMember{userID})
		}
	}
	if len(app.Departments) > 0 {
		told.Parties = &allowParties{app.Departments}
	}
	if len(app.Tags) > 0 {
		told.Tags = &allowTags{app.Tags}
	}
	return told, nil
}

type tagContents struct {
	Name        string      `json:"tagname"`
	Members     []tagMember `json:"userlist"`
	Departments []int64     `json:"partylist"`
}

type tagMember struct {
	UserID string `json:"userid"`
	Name   string `json:"name"`
}

// getTag answers what hangs on a tag of the visible range.
func getTag(v *visit) (any, error) {
	id, err := number(v.query, "tagid")
	t := v.tags[id]
	switch failed := v.enabled(); {
	case failed != nil:
		return nil, failed
	case err != nil || t == nil:
		return nil, BadTag
	case !v.bearer.reads(id):
		return nil, NoPrivilege
	}
	told := tagContents{t.Name, []tagMember{}, []int64{}}
	for _, userID := range v.visible(t.Members) {
		told.Members = append(told.Members, tagMember{userID, v.members[key(userID)].Name})
	}
	for _, department := range t.Departments {
		if v.view.departments[department] {
			told.Departments = append(told.Departments, department)
		}
	}
	return told, nil
}
