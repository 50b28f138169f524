// Package cli is the commands. A host starts Roster as "roster stdio"; the
// others are for an operator at a terminal.
//
//   - cli.go has what all commands share, flags.go what push and plan read,
//     out of which package input makes pushes;
//   - push.go, plan.go, adopt.go, reindex.go, tasks.go, stdio.go, version.go and generate.go each
//     hold a command;
//   - report.go and reasons.go show what came of a run and progress.go how far
//     one is, as text made by table.go and screen.go, or as json.go;
//   - interrupt.go and exit.go say how the process ends.
package cli

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Parts are what a Roster is put together from.
type Parts struct {
	Sources     []plugin.SourceType
	Targets     func(*schema.DB) []engine.Target // in the order they are written
	TargetInfos []plugin.TargetInfo              // of the same, before there is a database
}

// Main runs the command line of the process and gives its exit code.
func Main(parts Parts) int {
	a := &app{parts: parts, in: os.Stdin, out: newScreen(os.Stdout), err: newScreen(os.Stderr)}
	return a.run(context.Background(), os.Args[1:])
}

// An app is what the commands share: the parts, the streams, and the flags all
// of them have.
type app struct {
	parts    Parts
	in       *os.File
	out, err screen
	db       string
	naming   namingFlags
	level    zap.AtomicLevel
	json     bool
	started  bool // the command line was understood
}

// run runs one command line and gives the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	a.complain(err)
	return a.exitCode(err)
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:                "roster",
		Short:              "Brings people and departments into NocoBase and keeps them right",
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // the hint names the commands
		CompletionOptions:  cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRun:   func(*cobra.Command, []string) { a.started = true },
		RunE:               func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.db, "db", "", "database: sqlite:PATH or postgres://… (default $ROSTER_DB, else sqlite:roster.db)")
	a.naming.add(root)
	flags.TextVar(&a.level, "log-level", zap.NewAtomicLevelAt(zap.WarnLevel), "what to log on standard error: debug, info, warn or error")
	flags.BoolVar(&a.json, "json", false, "print JSON for scripts instead of tables")
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(a.pushCommand(), a.planCommand(), a.adoptCommand(), a.reindexCommand(), a.tasksCommand(), a.healthCommand(), a.stdioCommand(), a.versionCommand(), a.generateCommand())
	return root
}

// open opens the engine of a command at a terminal.
func (a *app) open(ctx context.Context) (*engine.Engine, error) {
	return engine.Open(ctx, a.database(), a.naming.told(), a.parts.Targets, a.logger())
}

// database is the URL to open when nobody else names one. It is no default of
// the flag, for help would print the password in it.
func (a *app) database() string {
	return cmp.Or(a.db, os.Getenv("ROSTER_DB"), "sqlite:roster.db")
}

// logger logs to standard error, for a reader at a terminal.
func (a *app) logger() *zap.Logger {
	config := zap.NewDevelopmentEncoderConfig()
	config.EncodeTime = zapcore.TimeEncoderOfLayout(time.TimeOnly)
	return a.logTo(zapcore.NewConsoleEncoder(config))
}

func (a *app) logTo(encoder zapcore.Encoder) *zap.Logger {
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(a.err), a.level))
}
