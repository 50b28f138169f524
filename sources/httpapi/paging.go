package httpapi

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// Paging says how one answer leads to the next.
type paging struct {
	Type      string `json:"type"`      // none, page, offset, cursor or link
	Param     string `json:"param"`     // the parameter of the query with the page, the offset or the cursor
	First     *int   `json:"first"`     // number of the first page; 1
	SizeParam string `json:"sizeParam"` // the parameter with the size; empty: none is sent
	Size      int    `json:"size"`      // records per answer that are asked for; 100
	Next      string `json:"next"`      // path of the next cursor, or of the next address

	next   mapping.Path
	signed string // the parameter of the query that has the credentials; empty: none
}

// The types of paging.
const (
	byNothing = "none"
	byPage    = "page"
	byOffset  = "offset"
	byCursor  = "cursor"
	byLink    = "link"
)

// complete fills in what was left out.
func (p *paging) complete(at string) error {
	p.Type = cmp.Or(p.Type, byNothing)
	p.Size = cmp.Or(p.Size, 100)
	switch p.Type {
	case byNothing, byLink:
	case byPage, byOffset:
		p.Param = cmp.Or(p.Param, p.Type)
	case byCursor:
		p.Param = cmp.Or(p.Param, p.Type)
		if p.Next == "" {
			return mapping.Wrong(at+"/next", "it is not said where an answer has the next cursor", "give its path, like /meta/next_cursor")
		}
	default:
		return mapping.Wrong(at+"/type", "there is no such paging", "it is one of none, page, offset, cursor and link")
	}
	if p.Next != "" && (p.Type == byCursor || p.Type == byLink) {
		p.next = mapping.ParsePath(p.Next)
	}
	return nil
}

// A place is where paging stands: which answer is asked for.
type place struct {
	Page   int    `json:"page,omitempty"` // after the first
	Offset int    `json:"offset,omitempty"`
	Cursor string `json:"cursor,omitempty"`
	Link   string `json:"link,omitempty"`
}

// url is the address of the answer at a place.
func (p *paging) url(base *url.URL, at place) *url.URL {
	if at.Link != "" {
		if u, err := url.Parse(at.Link); err == nil {
			return u
		}
	}
	u := *base
	q := u.Query()
	if p.Type != byNothing && p.SizeParam != "" {
		q.Set(p.SizeParam, strconv.Itoa(p.Size))
	}
	switch {
	case p.Type == byPage:
		first := 1
		if p.First != nil {
			first = *p.First
		}
		q.Set(p.Param, strconv.Itoa(first+at.Page))
	case p.Type == byOffset:
		q.Set(p.Param, strconv.Itoa(at.Offset))
	case at.Cursor != "":
		q.Set(p.Param, at.Cursor)
	}
	u.RawQuery = q.Encode()
	return &u
}

// after gives the place after an answer, and whether there is one.
func (p *paging) after(at place, a *answer) (place, bool, error) {
	switch p.Type {
	case byPage:
		return place{Page: at.Page + 1}, a.rows > 0, nil
	case byOffset:
		return place{Offset: at.Offset + a.rows}, a.rows > 0, nil
	case byCursor:
		cursor, _ := mapping.Text(a.next)
		if cursor != "" && cursor == at.Cursor {
			return at, false, loops()
		}
		return place{Cursor: cursor}, cursor != "", nil
	case byLink:
		return p.follow(at, a)
	}
	return at, false, nil
}

// follow takes the next address from the answer, or from its Link header.
func (p *paging) follow(at place, a *answer) (place, bool, error) {
	link := nextLink(a.header)
	if p.next != nil {
		link, _ = mapping.Text(a.next)
	}
	if link == "" {
		return at, false, nil
	}
	u, err := a.url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return at, false, &plugin.Error{Kind: plugin.Data, Msg: "the address of the next answer is none", Hint: "look at next in the paging of the source"}
	}
	if q := u.Query(); p.signed != "" && q.Has(p.signed) {
		q.Del(p.signed) // the link is kept; who calls it signs it anew
		u.RawQuery = q.Encode()
	}
	if next := u.String(); next != at.Link {
		return place{Link: next}, true, nil
	}
	return at, false, loops()
}

// nextLink reads the Link headers of RFC 8288 for the relation "next".
func nextLink(h http.Header) string {
	for _, line := range h.Values("Link") {
		// Links are told apart by their brackets: a title may hold a comma.
		for part := range strings.SplitSeq(line, "<") {
			if link, params, ok := strings.Cut(part, ">"); ok && isNext(params) {
				return link
			}
		}
	}
	return ""
}

// isNext says whether the parameters of a link have rel="next".
func isNext(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "rel") {
			continue
		}
		for rel := range strings.FieldsSeq(strings.Trim(v, `", `)) {
			if strings.EqualFold(rel, "next") {
				return true
			}
		}
	}
	return false
}

func loops() error {
	return &plugin.Error{
		Kind: plugin.Config, Msg: "the same answer came again: paging goes in a circle",
		Hint: "look at the paging of the source; where a system repeats its last page, say where an answer has the total",
	}
}
