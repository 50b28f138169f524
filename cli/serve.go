package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/serve"
)

// serveFlags say where to listen, and how much to take.
type serveFlags struct {
	listen          string
	tlsCert, tlsKey string
	maxBody         size
	limits          serve.Limits
}

func (a *app) serveCommand() *cobra.Command {
	f := serveFlags{limits: serve.DefaultLimits(), maxBody: size(serve.DefaultLimits().Body)}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Take pushes and callbacks over HTTP",
		Long: `Take pushes and callbacks over HTTP, under NocoBase's own addresses and with its
own answers:

  POST /api/userData:push            {"dataType": "user", "sourceName": "hr", "records": [{"uid": "1", …}]}
  GET  /api/userData:pull?name=NAME  begin to read a source
  GET  /api/userData:retry?id=ID     do again what of a task failed
  GET  /api/userData:listSyncTypes   the source types
       /callback/NAME                what the system of a source sends by itself
  GET  /healthz                      200 while the database answers

All but the last two want a token: roster token create makes one, and docs/push.md
shows how it is used. What is received is kept in files (--logs-dir "" turns that
off). SIGTERM and SIGINT let what is in hand finish, for 10 seconds; the second
one does not.`,
		Example: "  roster serve --listen 127.0.0.1:8080\n  roster serve --listen :8443 --tls-cert cert.pem --tls-key key.pem",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.level.SetLevel(zapcore.InfoLevel)
			}
			if !cmd.Flags().Changed("logs-dir") {
				a.logs.dir = "logs"
			}
			return a.serve(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on, HOST:PORT")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file with the certificate, PEM")
	flags.StringVar(&f.tlsKey, "tls-key", "", "file with its key, PEM")
	flags.Var(&f.maxBody, "max-body", "how large a push may be; NocoBase takes 10 MiB")
	flags.IntVar(&f.limits.Requests, "max-requests", f.limits.Requests, "how many requests are answered at once; more get 503")
	a.logs.add(cmd, "logs")
	return cmd
}

// serve serves until the first signal.
func (a *app) serve(ctx context.Context, f serveFlags) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	if f.limits.Body = int64(f.maxBody); f.limits.Body < 1 || f.limits.Requests < 1 {
		return usageError("--max-body and --max-requests are 1 or more")
	}
	security, err := f.tls()
	if err != nil {
		return err
	}
	log := a.logTo(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()))
	eng, err := a.openWith(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "listen on " + f.listen, Err: err, Hint: "choose another address with --listen"}
	}
	if security == nil && !loopback(l.Addr()) {
		fmt.Fprintf(a.err, "%s %s is open to others without encryption: tokens and personal data can be read on the way\n        use --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that encrypts\n",
			a.err.yellow("roster: warning:"), l.Addr())
	}
	log.Info("listening", zap.String("address", l.Addr().String()), zap.Bool("tls", security != nil))
	return a.httpServer(eng, log, security, f.limits).Serve(ctx, l)
}

func (a *app) httpServer(eng *engine.Engine, log *zap.Logger, security *tls.Config, limits serve.Limits) *serve.Server {
	return &serve.Server{Engine: eng, Adapters: a.adapters, Log: log, TLS: security, Limits: limits}
}

// tls is nil where nothing is to be encrypted.
func (f serveFlags) tls() (*tls.Config, error) {
	switch {
	case f.tlsCert == "" && f.tlsKey == "":
		return nil, nil
	case f.tlsCert == "" || f.tlsKey == "":
		return nil, usageError("--tls-cert and --tls-key go together")
	}
	certificate, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "read the certificate and its key", Err: err, Hint: "both are PEM files, and belong together"}
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// loopback says whether only this machine gets to the address.
func loopback(a net.Addr) bool {
	at, err := netip.ParseAddrPort(a.String())
	return err == nil && at.Addr().IsLoopback()
}
