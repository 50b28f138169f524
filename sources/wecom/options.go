package wecom

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// Options are those of a source; schema.json says what each is.
type options struct {
	CorpID             string        `json:"corpId"`
	AgentID            number        `json:"agentId"`
	Secret             plugin.Secret `json:"secret"`
	ContactsSecret     plugin.Secret `json:"contactsSecret"`
	BaseURL            string        `json:"baseUrl"`
	ProxyURL           plugin.Secret `json:"proxyUrl"`
	RootDepartment     number        `json:"rootDepartment"`
	TopDepartment      string        `json:"topDepartment"`
	IncludeDepartments []number      `json:"includeDepartments"`
	ExcludeDepartments []number      `json:"excludeDepartments"`
	Concurrency        int           `json:"concurrency"`
	RequestsPerSecond  float64       `json:"requestsPerSecond"`
	DisabledMembers    string        `json:"disabledMembers"`
	Fields             fields        `json:"fields"`
	CallbackToken      plugin.Secret `json:"callbackToken"`
	CallbackAESKey     plugin.Secret `json:"callbackAESKey"`
}

// Fields say what attributes are made of.
type fields struct {
	Users       map[string]string `json:"users"`
	Departments map[string]string `json:"departments"`
}

const (
	defaultBaseURL     = "https://qyapi.weixin.qq.com"
	defaultConcurrency = 4
)

// promotes says that the top department is left out and its children stand at
// the top.
func (o *options) promotes() bool { return o.TopDepartment == "promote" }

// dropsDisabled says that who is disabled in WeCom counts as gone.
func (o *options) dropsDisabled() bool { return o.DisabledMembers == "left" }

// parseURL reads an address of the options. It may hold a password: nothing of
// it is repeated.
func parseURL(at, text string, password bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, mapping.Wrong(at, "it is no address", "give all of it, with https://")
	case u.User != nil && !password:
		return nil, mapping.Wrong(at, "the address holds a user name or a password", "leave them out: they would be shown")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, mapping.Wrong(at, "the address has a query", "end it before the question mark: calls have queries of their own")
	}
	return u, nil
}

var errNumber = errors.New("it is no number")

// A number is an id of WeCom, which is written as a number or as text.
type number int64

// UnmarshalJSON reads 7 and "7"; nothing, and null, is 0.
func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(strings.Trim(string(data), `"`))
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errNumber
	}
	*n = number(v)
	return nil
}

func (n number) String() string { return strconv.FormatInt(int64(n), 10) }

// json gives the number as encoding/json reads one.
func (n number) json() json.Number { return json.Number(n.String()) }
