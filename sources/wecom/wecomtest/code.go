package wecomtest

import "fmt"

// A Code is an errcode of WeCom, as the error that it stands for. Its texts are
// near to WeCom's own, which may change at any time.
type Code int

// The codes that the simulator answers of its own accord.
const (
	BadSecret         Code = 40001
	BadUserID         Code = 40003
	BadCorpID         Code = 40013
	BadToken          Code = 40014
	BadAgent          Code = 40056
	BadParameter      Code = 40058
	BadAddress        Code = 40066
	BadTag            Code = 40068
	NoToken           Code = 41001
	NoCorpID          Code = 41002
	NoSecret          Code = 41004
	NoUserID          Code = 41009
	NoAgent           Code = 41011
	TokenExpired      Code = 42001
	PostWanted        Code = 43002
	CallLimit         Code = 45009
	ConcurrencyLimit  Code = 45033
	NoPermission      Code = 48002
	ContactsOnly      Code = 48009
	AppDisabled       Code = 50003
	BadCursor         Code = 50100
	NoDepartment      Code = 60003
	NoParent          Code = 60004
	SiblingNamed      Code = 60008
	BadDepartmentName Code = 60009
	Circle            Code = 60010
	NoPrivilege       Code = 60011
	NotTrustedIP      Code = 60020
	UserIDTaken       Code = 60102
	NoMember          Code = 60111
	BadDepartmentID   Code = 60123
	TooMany           Code = 81001
	TooDeep           Code = 81002
	OtherApp          Code = 301002
	RenamedBefore     Code = 301036
)

// Error is the errmsg of WeCom without its hints.
func (c Code) Error() string { return fmt.Sprintf("%d: %s", int(c), c.text()) }

func (c Code) text() string {
	text, known := map[Code]string{
		-1:                "system busy",
		BadSecret:         "invalid credential",
		BadUserID:         "invalid UserID",
		BadCorpID:         "invalid corpid",
		BadToken:          "invalid access_token",
		BadAgent:          "invalid agentid",
		BadParameter:      "invalid Request Parameter",
		BadAddress:        "invalid url",
		BadTag:            "invalid tagid",
		NoToken:           "access_token missing",
		NoCorpID:          "corpid missing",
		NoSecret:          "corpsecret missing",
		NoUserID:          "userid missing",
		NoAgent:           "agentid missing",
		TokenExpired:      "access_token expired",
		PostWanted:        "require POST method",
		CallLimit:         "api freq out of limit",
		45029:             "response data too large",
		ConcurrencyLimit:  "api concurrent out of limit",
		NoPermission:      "api forbidden",
		ContactsOnly:      "api forbidden for contact sync secret",
		AppDisabled:       "app disabled",
		BadCursor:         "invalid cursor",
		NoDepartment:      "department not found",
		NoParent:          "parent department not found",
		SiblingNamed:      "department name existed",
		BadDepartmentName: "department name contains invalid chars",
		Circle:            "department parent-child relationship is a circle",
		NoPrivilege:       "no privilege to access/modify contact/party/agent",
		NotTrustedIP:      "not allow to access from your ip",
		UserIDTaken:       "UserID existed",
		NoMember:          "userid not found",
		BadDepartmentID:   "invalid party id",
		TooMany:           "exceed the limit of department or member",
		TooDeep:           "exceed the limit of department level",
		OtherApp:          "no permission to access the agent",
		RenamedBefore:     "userid can be changed only once",
	}[c]
	if !known {
		return "api error"
	}
	return text
}
