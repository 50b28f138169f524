package serve

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// authorize finds out whose request it is.
func (h *handler) authorize(x *exchange) error {
	scheme, text, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if text = strings.TrimSpace(text); !strings.EqualFold(scheme, "Bearer") || text == "" {
		return unauthorized(x, &plugin.Error{Kind: plugin.Auth, Msg: "the request has no token", Hint: "send Authorization: Bearer TOKEN; roster token create makes one"})
	}
	token, err := h.Engine.Token(x.r.Context(), plugin.Secret(text))
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Kind == plugin.Auth {
		return unauthorized(x, e)
	}
	x.token = token
	return err
}

func unauthorized(x *exchange, e *plugin.Error) error {
	x.Header().Set("WWW-Authenticate", "Bearer")
	return refuse(http.StatusUnauthorized, e)
}

// mayUse refuses a source that the token is not for.
func (x *exchange) mayUse(source string) error {
	if x.token.For(source) {
		return nil
	}
	return refuse(http.StatusForbidden, &plugin.Error{
		Kind: plugin.Auth, Path: "/sourceName", Msg: fmt.Sprintf("the token is for source %.64q only", x.token.Source),
		Hint: "name that source, or use another token",
	})
}
