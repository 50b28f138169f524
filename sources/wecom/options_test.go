package wecom_test

import (
	"encoding/json"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom"
)

// with gives the least options there are, with more.
func with(more object) object {
	o := object{"corpId": corpID, "agentId": agentID, "secret": secret}
	for name, v := range more {
		o[name] = v
	}
	return o
}

func checkOptions(t *testing.T, o object) error {
	t.Helper()
	text, err := json.Marshal(o)
	must(err)
	return engine.CheckOptions("corp", wecom.Driver().Type, text)
}

func TestTheSchemaTakesWhatTheSourceTakes(t *testing.T) {
	expressions := func(names []string) object {
		all := object{"constant": "=Staff {x}", "none": ""}
		for _, name := range names {
			all["of "+name], all["in "+name], all["text "+name] = name, name+".x", "no. {"+name+"}, {"+name+"}"
		}
		return all
	}
	for name, o := range map[string]object{
		"the least": nil, "ids as text": {"agentId": "1000002", "rootDepartment": "3", "includeDepartments": []any{"1", 2}},
		"fields":    {"fields": object{"users": expressions(wecom.UserFields()), "departments": expressions(wecom.DepartmentFields())}},
		"a pointer": {"fields": object{"users": object{"no": "/extattr/a.b", "email": "extattr.邮箱"}}},
		"callbacks": {"callbackToken": "QDG6eK", "callbackAESKey": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"},
		"all":       {"contactsSecret": "x", "baseUrl": "http://127.0.0.1", "proxyUrl": "http://me:pw@proxy:1", "topDepartment": "promote", "disabledMembers": "left", "concurrency": 32, "requestsPerSecond": 0.5},
	} {
		if err := checkOptions(t, with(o)); err != nil {
			t.Errorf("%s: the schema says %v", name, err)
		}
		if source, err := open(with(o), zap.NewNop()); err != nil {
			t.Errorf("%s: open() = %v", name, err)
		} else {
			shut(source)
		}
	}
}

// An operator hears of it when he saves the source.
func TestTheSchemaRefusesWhatCannotBe(t *testing.T) {
	for at, o := range map[string]object{
		"/options/corpId":                       {"corpId": "Acme"},
		"/options/agentId":                      {"agentId": "sales"},
		"/options/rootDepartment":               {"rootDepartment": 0},
		"/options/concurrency":                  {"concurrency": 33},
		"/options/callbackAESKey":               {"callbackToken": "x"},
		"/options/baseUrl":                      {"baseUrl": "qyapi.weixin.qq.com"},
		"/options/topDepartment":                {"topDepartment": "drop"},
		"/options/fields/users/nickname":        {"fields": object{"users": object{"nickname": "names"}}},
		"/options/fields/users/email":           {"fields": object{"users": object{"email": "{name} {mial}"}}},
		"/options/fields/users/phone":           {"fields": object{"users": object{"phone": "{name"}}},
		"/options/fields/departments/title":     {"fields": object{"departments": object{"title": "extattr.x"}}},
		"/options/fields/departments/something": {"fields": object{"departments": object{"something": "userid"}}},
	} {
		expectKind(t, checkOptions(t, with(o)), plugin.Config, at)
	}
}

func TestOptionsThatCannotBeRead(t *testing.T) {
	for at, o := range map[string]object{
		"/corpId":   {"corpId": ""},
		"/secret":   {"secret": ""},
		"/proxyUrl": {"proxyUrl": "me:s3cr3t@proxy"},
	} {
		_, err := open(with(o), zap.NewNop())
		expectKind(t, err, plugin.Config, at)
	}
}

// It is shown to everybody, and calls have queries of their own.
func TestTheAddressOfWeComIsAnAddressOnly(t *testing.T) {
	for _, address := range []string{"https://me:s3cr3t@wecom.test", "https://wecom.test/?key=s3cr3t", "https://wecom.test/#s3cr3t"} {
		o := with(object{"baseUrl": address})
		expectKind(t, checkOptions(t, o), plugin.Config, "/options/baseUrl")
		_, err := open(o, zap.NewNop())
		expectKind(t, err, plugin.Config, "/baseUrl")
	}
}
