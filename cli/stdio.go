package cli

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/rpc"
)

func (a *app) stdioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stdio",
		Short: "Speak JSON-RPC with the host that started this process",
		Long: `Speak JSON-RPC 2.0 with the host that started this process: requests on standard
input, answers on standard output, logs as JSON on standard error. The process
ends with its input; SIGTERM ends it sooner. What there is to call is in
docs/protocol.md, and rpc.discover answers it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.level.SetLevel(zapcore.InfoLevel)
			}
			return a.stdio(cmd.Context())
		},
	}
	a.logs.add(cmd, "initialize's config.logsDir, else none")
	return cmd
}

// stdio serves one host. Only the protocol is written to standard output:
// whatever else prints there meets standard error. A SIGINT is for the host,
// whose terminal this is, and when it no longer reads, the end of the input
// says so.
func (a *app) stdio(ctx context.Context) error {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	signal.Ignore(os.Interrupt, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	err := a.server().Serve(ctx, a.in, stdout)
	if ctx.Err() != nil {
		return nil // as we were told
	}
	return err
}

func (a *app) server() *rpc.Server {
	log := a.logTo(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()))
	a.usePlugins(log)
	return &rpc.Server{
		Version:  release,
		Adapters: a.adapters,
		Open: func(ctx context.Context, c rpc.Config) (*engine.Engine, error) {
			public, err := a.publicURL()
			if err != nil {
				return nil, err
			}
			told := a.naming.told()
			told.Schema, told.Prefix, told.Underscored = cmp.Or(c.Schema, told.Schema), cmp.Or(c.TablePrefix, told.Prefix), cmp.Or(c.Underscored, told.Underscored)
			e, err := a.openAt(ctx, cmp.Or(c.DB.Reveal(), a.database()), told, log)
			if err == nil {
				e.SetReferences(c.References)
				e.SetPublicURL(cmp.Or(c.PublicURL, public))
				e.SetArchive(a.logs.archive(cmp.Or(c.LogsDir, a.logs.dir)))
			}
			return e, err
		},
		Log:   log,
		Level: a.level,
	}
}
