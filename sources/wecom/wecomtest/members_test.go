package wecomtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestAMemberComesWithoutWhatIsWithheldAndOutOfRange(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	// the leader is out of range, and so is the other department of wangwu
	v.expect("user/list?department_id=2", `{"errcode":0,"errmsg":"ok","userlist":[
		{"userid":"Lisi","name":"李四","department":[2],"order":[7],"position":"Head of Sales","gender":"0","is_leader_in_dept":[1],
		 "direct_leader":[],"telephone":"","alias":"","status":1,"english_name":"","main_department":2,"extattr":{"attrs":[
			{"type":0,"name":"工号","text":{"value":"E1"}},{"type":1,"name":"Blog","web":{"url":"https://example.com","title":"Mine"}}]}},
		{"userid":"wangwu","name":"Name of wangwu","department":[2],"order":[0],"position":"","gender":"0","is_leader_in_dept":[0],
		 "direct_leader":[],"telephone":"","alias":"","status":1,"english_name":"","extattr":{"attrs":[]}}]}`)
	v.expect("user/simplelist?department_id=2", `{"errcode":0,"errmsg":"ok","userlist":[
		{"userid":"Lisi","name":"李四","department":[2]},{"userid":"wangwu","name":"Name of wangwu","department":[2]}]}`)
}

func TestAnAppFromBefore2022GetsEverything(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{1}})
	v := visit(t, c, appSecret)
	v.expect("user/get?userid=LISI", `{"errcode":0,"errmsg":"ok",
		"userid":"Lisi","name":"李四","department":[2],"order":[7],"position":"Head of Sales","mobile":"13800000000","gender":"2",
		"email":"lisi@example.com","biz_mail":"lisi@example.wecom.work","is_leader_in_dept":[1],"direct_leader":["boss"],
		"avatar":"https://example.com/0","thumb_avatar":"https://example.com/0","telephone":"","alias":"","status":1,"address":"广州",
		"english_name":"","main_department":2,"extattr":{"attrs":[
			{"type":0,"name":"工号","text":{"value":"E1"}},{"type":1,"name":"Blog","web":{"url":"https://example.com","title":"Mine"}}]},
		"qr_code":"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=vc3d2486b48002fd72"}`)
}

func TestMembersThatCannotBeRead(t *testing.T) {
	c := acme(t)
	v := visit(t, c, appSecret)
	v.refused("user/get?userid=qianqi", wecomtest.NoPrivilege)
	v.refused("user/get?userid=nobody", wecomtest.NoMember)
	v.refused("user/get", wecomtest.NoUserID)
	v.refused("user/list?department_id=4", wecomtest.NoPrivilege)
	v.refused("user/list?department_id=99", wecomtest.NoDepartment)
	must(t, c.RemoveMember("lisi"))
	v.refused("user/get?userid=lisi", wecomtest.NoMember)
}

func TestWhoIsVisibleAloneOrByATagIsInNoDepartment(t *testing.T) {
	c := acme(t)
	c.PutTag(wecomtest.Tag{ID: 5, Name: "Board", Members: []string{"boss", "left long ago"}, Departments: []int64{3}})
	c.PutTag(wecomtest.Tag{ID: 6, Name: "Not shared", Members: []string{"boss"}})
	c.PutApp(wecomtest.App{AgentID: 1000002, Name: "Directory", Secret: appSecret, Members: []string{"qianqi"}, Tags: []int64{5}, Withholds: true})
	v := visit(t, c, appSecret)
	v.expect("agent/get?agentid=1000002", `{"errcode":0,"errmsg":"ok","agentid":1000002,"name":"Directory","close":0,
		"allow_userinfos":{"user":[{"userid":"qianqi"}]},"allow_tags":{"tagid":[5]}}`)
	v.expect("tag/get?tagid=5", `{"errcode":0,"errmsg":"ok","tagname":"Board","userlist":[{"userid":"boss","name":"Name of boss"}],"partylist":[3]}`)
	v.expect("department/simplelist", `{"errcode":0,"errmsg":"ok","department_id":[{"id":3,"parentid":2,"order":0}]}`)
	if got := v.get("user/get?userid=boss"); got.code() != 0 || !cmp.Equal(got["department"], []any{}) || got["main_department"] != nil {
		t.Errorf("user/get answers %v, want no department", got)
	}
	if got := v.get("user/get?userid=qianqi"); got.code() != 0 {
		t.Errorf("user/get answers %v", got)
	}
	v.refused("tag/get?tagid=6", wecomtest.NoPrivilege)
	v.refused("tag/get?tagid=7", wecomtest.BadTag)
}

func TestStatusOfAMember(t *testing.T) {
	c := acme(t)
	v := visit(t, c, appSecret)
	for given, want := range map[int]any{0: 1.0, wecomtest.DisabledByAdmin: 2.0, wecomtest.NotActivated: 4.0, wecomtest.Left: 5.0, -1: nil} {
		m := member("zhaoliu", 3)
		m.Status = given
		must(t, c.PutMember(m))
		if got := v.get("user/get?userid=zhaoliu"); got["status"] != want {
			t.Errorf("a member of status %d has %v, want %v", given, got["status"], want)
		}
	}
}
