package serve

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
)

// An exchange is a request and what is answered to it.
type exchange struct {
	http.ResponseWriter
	r      *http.Request
	log    *zap.Logger
	limits Limits
	route  string        // as routes has it: no name of anything
	token  *engine.Token // whose it is, once that is known
	status int           // 0: nothing has been answered yet
	bytes  int64
}

// ServeHTTP answers a request and logs that it did: nothing of what was sent,
// and no name but the token's.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	x := &exchange{ResponseWriter: w, r: r, log: h.Log, limits: h.Limits}
	x.await(begun.Add(h.Limits.Read))
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) //nolint:errcheck // that of the answer before; as in await
	h.mux.ServeHTTP(x, r)
	fields := []zap.Field{
		zap.String("method", known(r.Method)), zap.String("route", x.route), zap.Int("status", x.status),
		zap.Duration("took", time.Since(begun)), zap.Int64("bytes", x.bytes),
	}
	if x.token != nil {
		fields = append(fields, zap.String("token", x.token.Name))
	}
	h.Log.Info("request", fields...)
}

// known gives a method that HTTP has: others are somebody's text.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// await sets until when the rest of the request may come; the zero time is for
// ever. What cannot be set is a connection that is gone.
func (x *exchange) await(until time.Time) {
	http.NewResponseController(x.ResponseWriter).SetReadDeadline(until) //nolint:errcheck // see above
}

// WriteHeader begins the answer, which must then be read in time.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
		http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(x.limits.Write)) //nolint:errcheck // as in await
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write writes of the answer.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}
