package wecomtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// oneByOne has messages come in order.
var oneByOne = wecomtest.Callback{Parallel: 1}

// changes are made one after the other; each is told as short to an address of
// today, and as full to one from before 2022-08-15.
var changes = []struct {
	name        string
	make        func(*wecomtest.Company) error
	short, full string
}{
	{
		"a hire", func(c *wecomtest.Company) error {
			return c.PutMember(wecomtest.Member{
				UserID: "Sunba", Name: "孙]]>八", Places: []wecomtest.Place{{Department: 2, Leader: true}, {Department: 4}}, Gender: "1",
				ExtAttr: []wecomtest.Attr{{Name: "爱好", Value: "旅游"}, {Name: "卡号", Value: "企业微信", URL: "https://work.weixin.qq.com"}},
			})
		}, "create_user <UserID><![CDATA[Sunba]]></UserID><Department><![CDATA[2,4]]></Department>",
		"create_user <UserID><![CDATA[Sunba]]></UserID><Name><![CDATA[孙]]]]><![CDATA[>八]]></Name><Department><![CDATA[2,4]]></Department><MainDepartment>2</MainDepartment>" +
			"<IsLeaderInDept><![CDATA[1,0]]></IsLeaderInDept><DirectLeader><![CDATA[]]></DirectLeader><Position><![CDATA[]]></Position><Mobile><![CDATA[]]></Mobile>" +
			"<Gender><![CDATA[1]]></Gender><Email><![CDATA[]]></Email><BizMail><![CDATA[]]></BizMail><Status>1</Status><Avatar><![CDATA[]]></Avatar><Alias><![CDATA[]]></Alias>" +
			"<Telephone><![CDATA[]]></Telephone><Address><![CDATA[]]></Address><ExtAttr><Item><Name><![CDATA[爱好]]></Name><Type>0</Type><Text><Value><![CDATA[旅游]]></Value></Text></Item>" +
			"<Item><Name><![CDATA[卡号]]></Name><Type>1</Type><Web><Title><![CDATA[企业微信]]></Title><Url><![CDATA[https://work.weixin.qq.com]]></Url></Web></Item></ExtAttr>",
	},
	{
		"a move", func(c *wecomtest.Company) error { return c.PutMember(member("zhaoliu", 3, 4)) },
		"update_user <UserID><![CDATA[zhaoliu]]></UserID><Department><![CDATA[3,4]]></Department>",
		"update_user <UserID><![CDATA[zhaoliu]]></UserID><Department><![CDATA[3,4]]></Department><IsLeaderInDept><![CDATA[0,0]]></IsLeaderInDept>",
	},
	{
		"a leader", func(c *wecomtest.Company) error {
			m := member("zhaoliu", 3, 4)
			m.Places[1].Leader = true
			return c.PutMember(m)
		}, "update_user <UserID><![CDATA[zhaoliu]]></UserID><Department><![CDATA[3,4]]></Department>",
		"update_user <UserID><![CDATA[zhaoliu]]></UserID><IsLeaderInDept><![CDATA[0,1]]></IsLeaderInDept>",
	},
	{"a position", func(c *wecomtest.Company) error {
		m := member("qianqi", 4)
		m.Position, m.Status = "Boss & Co", wecomtest.DisabledByAdmin
		return c.PutMember(m)
	}, "", "update_user <UserID><![CDATA[qianqi]]></UserID><Position><![CDATA[Boss & Co]]></Position><Status>2</Status>"},
	{"nothing", func(c *wecomtest.Company) error { return c.PutMember(member("boss", 1)) }, "", ""},
	{
		"a userid", func(c *wecomtest.Company) error { return c.RenameMember("qianqi", "qianqi001") },
		"update_user <UserID><![CDATA[qianqi]]></UserID><NewUserID><![CDATA[qianqi001]]></NewUserID>",
		"update_user <UserID><![CDATA[qianqi]]></UserID><NewUserID><![CDATA[qianqi001]]></NewUserID>",
	},
	{
		"a leaver", func(c *wecomtest.Company) error { return c.RemoveMember("LISI") },
		"delete_user <UserID><![CDATA[Lisi]]></UserID>", "delete_user <UserID><![CDATA[Lisi]]></UserID>",
	},
	{
		"a department", func(c *wecomtest.Company) error {
			return c.PutDepartment(wecomtest.Department{ID: 7, Name: "Lab", ParentID: 4, Order: 4000000000})
		}, "create_party <Id>7</Id><ParentId>4</ParentId>",
		"create_party <Id>7</Id><Name><![CDATA[Lab]]></Name><ParentId>4</ParentId><Order>4000000000</Order>",
	},
	{"a title", func(c *wecomtest.Company) error {
		return c.PutDepartment(wecomtest.Department{ID: 7, Name: "Labs", ParentID: 4})
	}, "", "update_party <Id>7</Id><Name><![CDATA[Labs]]></Name>"},
	{"a parent", func(c *wecomtest.Company) error {
		return c.PutDepartment(wecomtest.Department{ID: 7, Name: "Labs", ParentID: 1})
	}, "update_party <Id>7</Id><ParentId>1</ParentId>", "update_party <Id>7</Id><ParentId>1</ParentId>"},
	{
		"an end", func(c *wecomtest.Company) error { return c.RemoveDepartment(7) },
		"delete_party <Id>7</Id>", "delete_party <Id>7</Id>",
	},
	{
		"a tag", func(c *wecomtest.Company) error {
			c.PutTag(wecomtest.Tag{ID: 1, Name: "Board", Members: []string{"boss", "wangwu"}, Departments: []int64{2}})
			return nil
		}, "update_tag <TagId>1</TagId><AddUserItems><![CDATA[boss,wangwu]]></AddUserItems><AddPartyItems><![CDATA[2]]></AddPartyItems>",
		"update_tag <TagId>1</TagId><AddUserItems><![CDATA[boss,wangwu]]></AddUserItems><AddPartyItems><![CDATA[2]]></AddPartyItems>",
	},
	{
		"less of a tag", func(c *wecomtest.Company) error {
			c.PutTag(wecomtest.Tag{ID: 1, Name: "Board", Members: []string{"boss"}, Departments: []int64{4}})
			return nil
		}, "update_tag <TagId>1</TagId><DelUserItems><![CDATA[wangwu]]></DelUserItems><AddPartyItems><![CDATA[4]]></AddPartyItems><DelPartyItems><![CDATA[2]]></DelPartyItems>",
		"update_tag <TagId>1</TagId><DelUserItems><![CDATA[wangwu]]></DelUserItems><AddPartyItems><![CDATA[4]]></AddPartyItems><DelPartyItems><![CDATA[2]]></DelPartyItems>",
	},
}

func TestAnAddressIsToldOfChangesAsWasUsualWhenItWasSet(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		t.Run(fmt.Sprint("legacy ", legacy), func(t *testing.T) {
			c := acme(t)
			v, r := visit(t, c, appSecret), receive(t, nil)
			r.listen(c, wecomtest.Callback{Legacy: legacy, Parallel: 1})
			for _, change := range changes {
				must(t, change.make(c))
				want := change.short
				if legacy {
					want = change.full
				}
				wanted := []string{}
				if want != "" {
					wanted = append(wanted, want)
				}
				if diff := cmp.Diff(wanted, r.told(v.Server)); diff != "" {
					t.Errorf("%s is told otherwise (-want +got):\n%s", change.name, diff)
				}
			}
		})
	}
}

func TestARemovedDepartmentIsToldFromBelowWithWhoWasInIt(t *testing.T) {
	c := acme(t)
	v, r := visit(t, c, appSecret), receive(t, nil)
	must(t, c.RemoveMember("lisi"))
	r.listen(c, oneByOne)
	must(t, c.RemoveDepartment(2))
	want := []string{
		"update_user <UserID><![CDATA[zhaoliu]]></UserID><Department><![CDATA[1]]></Department>",
		"delete_party <Id>3</Id>",
		"update_user <UserID><![CDATA[wangwu]]></UserID><Department><![CDATA[4]]></Department>",
		"delete_party <Id>2</Id>",
	}
	if diff := cmp.Diff(want, r.told(v.Server)); diff != "" {
		t.Errorf("RemoveDepartment() is told otherwise (-want +got):\n%s", diff)
	}
}

func TestOtherMessages(t *testing.T) {
	c := acme(t)
	v, r := visit(t, c, appSecret), receive(t, nil)
	r.listen(c, wecomtest.Callback{Parallel: 1, Copies: 1})
	c.Notify("<xml>anything</xml>")
	if diff := cmp.Diff([]string{"<xml>anything</xml>", "<xml>anything</xml>"}, r.told(v.Server)); diff != "" {
		t.Errorf("Notify() mismatch (-want +got):\n%s", diff)
	}
	c.FinishJob("sync_user")
	told := r.told(v.Server)
	if len(told) != 2 || told[0] != told[1] || !cmp.Equal([]string{"batch_job_result", "sync_user"}, []string{between(told[0], "<Event><![CDATA[", "]"), between(told[0], "<JobType><![CDATA[", "]")}) {
		t.Errorf("FinishJob() tells %q", told)
	}
	must(t, c.SetCallback(wecomtest.Callback{}), c.RemoveMember("boss"))
	if told := r.told(v.Server); len(told) > 0 {
		t.Errorf("%q is told where no address is set", told)
	}
}

func TestAnAddressIsSetOnlyIfItDecryptsATextAtOnce(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, answer := range map[string]http.HandlerFunc{
		"another text": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "success") },
		"nothing":      func(http.ResponseWriter, *http.Request) {},
		"an error":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) },
		"too late":     hang,
	} {
		t.Run(name, func(t *testing.T) {
			c := acme(t)
			s := httptest.NewServer(answer)
			defer s.Close()
			if err := c.SetCallback(wecomtest.Callback{URL: s.URL, Token: callbackToken, AESKey: callbackKey}); err == nil {
				t.Error("SetCallback() takes an address that cannot decrypt")
			}
		})
	}
}

func TestAMessageComesAgainOnlyIfItIsNotAnswered(t *testing.T) {
	refuse := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) }
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	third := func() http.HandlerFunc {
		var n atomic.Int32
		return func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) < 3 {
				drop(w, r)
			}
		}
	}
	for name, test := range map[string]struct {
		answer   http.HandlerFunc
		patience time.Duration
		want     wecomtest.Delivery
	}{
		"success":         {nil, 0, wecomtest.Delivery{Sent: 1, Posts: 1, Accepted: 1}},
		"an error answer": {refuse, 0, wecomtest.Delivery{Sent: 1, Posts: 1, Refused: 1}},
		"a lost answer":   {third(), 0, wecomtest.Delivery{Sent: 1, Posts: 3, Accepted: 1}},
		"no connection":   {drop, 0, wecomtest.Delivery{Sent: 1, Posts: 4, Lost: 1}},
		"too late":        {hang, 20 * time.Millisecond, wecomtest.Delivery{Sent: 1, Posts: 4, Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			c := acme(t)
			v, r := visit(t, c, appSecret), receive(t, test.answer)
			r.listen(c, wecomtest.Callback{Patience: test.patience, Pause: time.Millisecond})
			must(t, c.RemoveMember("boss"))
			got := v.Delivered()
			if got.Slowest = 0; got != test.want {
				t.Errorf("Delivered() = %+v, want %+v", got, test.want)
			}
			if came := len(r.told(v.Server)); came != test.want.Posts {
				t.Errorf("the message came %d times, want %d", came, test.want.Posts)
			}
		})
	}
}

func TestWhatIsOnItsWayIsGivenUpAtTheEnd(t *testing.T) {
	c := acme(t)
	came := make(chan struct{}, 8)
	hang := func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-r.Context().Done()
	}
	v, r := visit(t, c, appSecret), receive(t, hang)
	r.listen(c, oneByOne)
	must(t, c.RemoveMember("boss"), c.RemoveMember("lisi"))
	<-came
	v.Close()
	if got := v.Delivered(); got.Lost != 2 {
		t.Errorf("Delivered() = %+v after the end, want 2 lost", got)
	}
}

func TestABurstArrivesWhole(t *testing.T) {
	c := wecomtest.Crowd(3000, 20)
	v, r := visit(t, withApp(c), appSecret), receive(t, nil)
	r.listen(c, wecomtest.Callback{})
	for i := range 2000 {
		must(t, c.PutMember(member(fmt.Sprint("new", i), 2)))
	}
	if got := v.Delivered(); got.Accepted != 2000 || got.Posts != 2000 || got.Slowest == 0 {
		t.Errorf("Delivered() = %+v, want 2,000 accepted", got)
	}
	if told := r.told(v.Server); len(told) != 2000 {
		t.Errorf("%d messages came, want 2,000", len(told))
	}
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}
