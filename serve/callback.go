package serve

import (
	"cmp"
	"maps"
	"net/http"

	"github.com/nocobase-roster/roster/plugin"
)

// callback hands what a source's system sent to the source, and its answer back
// byte for byte. Who calls is known by what is sent; strangers learn nothing.
func (h *handler) callback(x *exchange) error {
	body, err := x.read(maxCallback)
	if err != nil {
		return err
	}
	answer, err := h.Engine.Receive(x.r.Context(), x.r.PathValue("source"), plugin.Callback{
		Method: x.r.Method, Query: x.r.URL.RawQuery, Header: x.r.Header, Body: body,
	})
	if err != nil {
		return hidden(x, err)
	}
	header := x.Header()
	maps.Copy(header, answer.Header)
	if header.Get("Content-Type") == "" {
		header["Content-Type"] = nil // it is not guessed
	}
	x.WriteHeader(cmp.Or(answer.Status, http.StatusOK))
	x.Write(answer.Body) //nolint:errcheck // who does not read the answer is gone
	return nil
}

// hidden answers an error with its status and no more.
func hidden(x *exchange, err error) error {
	_, e := x.classify(err)
	status := http.StatusServiceUnavailable
	switch e.Kind {
	case plugin.NotFound, plugin.Unsupported:
		status = http.StatusNotFound
	case plugin.Config, plugin.Auth:
		status = http.StatusForbidden
	}
	return refuse(status, &plugin.Error{Msg: http.StatusText(status)})
}
