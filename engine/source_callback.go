package engine

import (
	"net/url"
	"strings"
)

// A PublicURL is where systems reach this Roster: "https://roster.example.com"
// for serve, or an address with {source} in it for a host that hands callbacks
// on: "https://nocobase.example.com/api/roster/callback/{source}". Empty where
// nobody has said.
type PublicURL string

// Valid says whether it is an address, or empty.
func (u PublicURL) Valid() bool {
	at, err := url.Parse(u.of("source"))
	web := err == nil && (at.Scheme == "https" || at.Scheme == "http") && at.Host != "" && at.User == nil
	return u == "" || web
}

// of gives the address of the callbacks of a source: its path alone where
// nothing is known but that.
func (u PublicURL) of(source string) string {
	const place = "{source}"
	template := string(u)
	if !strings.Contains(template, place) {
		template = strings.TrimRight(template, "/") + "/callback/" + place
	}
	return strings.ReplaceAll(template, place, url.PathEscape(source))
}

// SetPublicURL says where callbacks come in, for Source.CallbackURL. It must be
// called before the engine is used.
func (e *Engine) SetPublicURL(u PublicURL) { e.publicURL = u }

// callbackURL is where the system of a source sends what it sends by itself;
// empty where it sends nothing.
func (e *Engine) callbackURL(source, sourceType string) string {
	driver, err := e.adapters.Driver(sourceType)
	if err != nil || !driver.Type.Capabilities.Webhook {
		return ""
	}
	return e.publicURL.of(source)
}
