package wecom

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

// contact is an event of contacts with these elements.
func contact(elements string) string {
	return `<xml>
  <ToUserName><![CDATA[` + corp + `]]></ToUserName>
  <FromUserName><![CDATA[sys]]></FromUserName>
  <CreateTime>1403610513</CreateTime>
  <MsgType><![CDATA[event]]></MsgType>
  <Event><![CDATA[change_contact]]></Event>
  ` + elements + `
</xml>`
}

const corp = "ww5823bf96d3bd56c7"

func TestEachChangeTellsWhatToReadAgain(t *testing.T) {
	user := func(uid string) []plugin.Event { return []plugin.Event{{Type: plugin.User, UID: uid}} }
	department := func(uid string) []plugin.Event { return []plugin.Event{{Type: plugin.Department, UID: uid}} }
	everything := []plugin.Event{{All: true}}
	for name, c := range map[string]struct {
		text string
		want []plugin.Event
	}{
		"a hire, as addresses of before 2022 hear of it": {contact(`
  <ChangeType>create_user</ChangeType>
  <UserID><![CDATA[ZhangSan]]></UserID>
  <Name><![CDATA[张三]]></Name>
  <Department><![CDATA[1,2,3]]></Department>
  <IsLeaderInDept><![CDATA[1,0,0]]></IsLeaderInDept>
  <Status>1</Status>
  <ExtAttr>
    <Item><Name><![CDATA[爱好]]></Name><Type>0</Type><Text><Value><![CDATA[旅游]]></Value></Text></Item>
    <Item><UserID>lisi</UserID><ChangeType>delete_user</ChangeType></Item>
  </ExtAttr>`), user("zhangsan")},
		"a hire":                {contact(`<ChangeType>create_user</ChangeType><UserID>zhangsan</UserID><Department>1</Department>`), user("zhangsan")},
		"a change":              {contact(`<ChangeType>update_user</ChangeType><UserID>zhangsan</UserID>`), user("zhangsan")},
		"spelt otherwise":       {contact(`<ChangeType>update_user</ChangeType><UserId>zhangsan</UserId>`), user("zhangsan")},
		"with space around":     {contact("<ChangeType>\n update_user </ChangeType><UserID>\n<![CDATA[zhangsan]]>\n</UserID>"), user("zhangsan")},
		"a rename":              {contact(`<ChangeType>update_user</ChangeType><UserID>ZhangSan</UserID><NewUserID>zhangsan001</NewUserID><Department>1,2</Department>`), []plugin.Event{{Type: plugin.User, UID: "zhangsan001", Was: "zhangsan"}}},
		"a rename, as in prose": {contact(`<ChangeType>update_user</ChangeType><UserId>zhangsan</UserId><NewUserId>lisi</NewUserId>`), []plugin.Event{{Type: plugin.User, UID: "lisi", Was: "zhangsan"}}},
		"a rename of the case":  {contact(`<ChangeType>update_user</ChangeType><UserID>zhangsan</UserID><NewUserID>ZhangSan</NewUserID>`), user("zhangsan")},
		"somebody leaves":       {contact(`<ChangeType>delete_user</ChangeType><UserID><![CDATA[zhangsan]]></UserID>`), []plugin.Event{{Type: plugin.User, UID: "zhangsan", Gone: true}}},
		"a new department":      {contact(`<ChangeType>create_party</ChangeType><Id>2</Id><Name><![CDATA[张三]]></Name><ParentId><![CDATA[1]]></ParentId><Order>1</Order>`), department("2")},
		"a department moves":    {contact(`<ChangeType>update_party</ChangeType><Id>002</Id><ParentId>1</ParentId>`), department("2")},
		"a department goes":     {contact(`<ChangeType>delete_party</ChangeType><Id>2</Id>`), []plugin.Event{{Type: plugin.Department, UID: "2", Gone: true}}},
		"a tag":                 {contact(`<ChangeType><![CDATA[update_tag]]></ChangeType><TagId>1</TagId><AddUserItems><![CDATA[zhangsan,lisi]]></AddUserItems>`), everything},
		"what is not known":     {contact(`<ChangeType>create_office</ChangeType><UserID>zhangsan</UserID>`), everything},
		"no change":             {contact(``), everything},
		"nobody":                {contact(`<ChangeType>delete_user</ChangeType>`), everything},
		"no department":         {contact(`<ChangeType>delete_party</ChangeType><Id>all</Id>`), everything},
		"a job has ended": {`<xml><ToUserName>wx28</ToUserName><MsgType>event</MsgType><Event><![CDATA[batch_job_result]]></Event>
<BatchJob><JobId><![CDATA[S0]]></JobId><JobType><![CDATA[sync_user]]></JobType><ErrCode>0</ErrCode></BatchJob></xml>`, everything},
		"somebody opens the application": {`<xml><MsgType>event</MsgType><Event>enter_agent</Event><UserID>zhangsan</UserID></xml>`, nil},
		"somebody writes to it":          {`<xml><MsgType>text</MsgType><Content>delete_user</Content></xml>`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readMessage([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, eventsOf(m)); diff != "" {
				t.Errorf("eventsOf() mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyPlainXMLIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"no XML":           "hello",
		"cut off":          "<xml><Encrypt>a</Encrypt>",
		"a DTD":            `<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>a</Encrypt></xml>`,
		"an entity":        `<xml><Encrypt>&a;</Encrypt></xml>`,
		"another encoding": `<?xml version="1.0" encoding="gbk"?><xml><Encrypt>a</Encrypt></xml>`,
		"crossed elements": "<xml><Encrypt>a</xml></Encrypt>",
		"an empty root":    "<xml/>",
		"JSON":             `{"encrypt":"a"}`,
	} {
		if m, err := readMessage([]byte(text)); !errors.Is(err, errXML) {
			t.Errorf("%s: readMessage() = %v, %v", name, m, err)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add(contact(`<ChangeType>create_user</ChangeType><UserID>zhangsan</UserID>`))
	f.Add(`<xml><Encrypt><![CDATA[a]]></Encrypt></xml>`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := readMessage([]byte(text))
		if err != nil {
			return
		}
		for _, event := range eventsOf(m) {
			if event.All == (event.UID != "") || event.UID == event.Was && event.UID != "" {
				t.Errorf("%q is event %+v", text, event)
			}
		}
	})
}
