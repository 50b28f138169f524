package wecom

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

type (
	agentAnswer struct {
		status
		Members struct {
			List []userID `json:"user"`
		} `json:"allow_userinfos"`
		Parties struct {
			List []number `json:"partyid"`
		} `json:"allow_partys"`
		Tags struct {
			List []number `json:"tagid"`
		} `json:"allow_tags"`
	}
	tagAnswer struct {
		status
		Members []userID `json:"userlist"`
		Parties []number `json:"partylist"`
	}
	userID struct {
		ID string `json:"userid"`
	}
	// A memberAnswer is a member beside the status.
	memberAnswer struct {
		status
		member member
	}
)

// UnmarshalJSON reads both.
func (a *memberAnswer) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.status); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	var err error
	a.member, err = decodeMember(d)
	return err
}

// visibleAlone gives the ids of those whom the app sees by themselves or through a
// tag; their departments may be outside of what it sees. They are in lower case,
// in their order, each once.
func (r *reading) visibleAlone(ctx context.Context) ([]string, error) {
	o, c := r.source.options, r.source.client
	if o.AgentID == 0 {
		return nil, nil
	}
	app, err := get[agentAnswer](ctx, c, "agent/get", "agentid", o.AgentID.String())
	if err != nil {
		return nil, r.doubtful("agent/get", err)
	}
	ids := map[string]bool{}
	add := func(list []userID) {
		for _, u := range list {
			ids[strings.ToLower(u.ID)] = true
		}
	}
	add(app.Members.List)
	r.peopled = len(app.Parties.List) == 0
	ask := func(ctx context.Context, id number) (tagAnswer, error) {
		return get[tagAnswer](ctx, c, "tag/get", "tagid", id.String())
	}
	err = ahead(ctx, r.source.concurrency, app.Tags.List, ask, func(_ number, a tagAnswer, err error) error {
		add(a.Members)
		r.peopled = r.peopled && err == nil && len(a.Parties) == 0
		return r.doubtful("tag/get", err)
	})
	return slices.Sorted(maps.Keys(ids)), err
}

// doubtful makes a doubt of an error that a reading can go on with: WeCom refuses
// this call, and others may do.
func (r *reading) doubtful(call string, err error) error {
	if e, refused := asRefusal(err); err != nil && (!refused || e.Retryable()) {
		return err
	}
	if err != nil {
		r.early.code(call, codeOf(err), "")
	}
	return nil
}
