// Package cli is the commands. A host starts Roster as "roster stdio"; the
// others are for an operator at a terminal.
//
//   - cli.go has what all commands share, flags.go what push and plan read,
//     out of which package input makes pushes;
//   - push.go, sync.go, plan.go, adopt.go, reindex.go, tasks.go, secrets.go, stdio.go, serve.go, token.go,
//     plugin.go, plugin_new.go, conform.go, demo.go, version.go and generate.go each hold a command; the files that
//     begin with sources hold that one, demo_scene.go shows the scenes of the demo, and demo_wecom.go serves a
//     simulated WeCom;
//   - report.go and reasons.go show what came of a run, conform_report.go what came of checks, and progress.go how far
//     one is, as text made by table.go and screen.go, or as json.go;
//   - logs.go says where received records are kept, and adapters.go where adapters are;
//   - interrupt.go and exit.go say how the process ends.
package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/process"
	"github.com/nocobase-roster/roster/schema"
)

// Parts are what a Roster is put together from.
type Parts struct {
	Drivers     []plugin.Driver
	Targets     func(*schema.DB) []engine.Target // in the order they are written
	TargetInfos []plugin.TargetInfo              // of the same, before there is a database
}

// adapters registers them.
func (p Parts) adapters() (*plugin.Registry, error) {
	r := &plugin.Registry{}
	var errs []error
	for _, d := range p.Drivers {
		errs = append(errs, r.AddDriver(d))
	}
	for _, info := range p.TargetInfos {
		errs = append(errs, r.AddTarget(info, nil)) // the engine writes to it
	}
	return r, errors.Join(errs...)
}

// Main runs the command line of the process and gives its exit code.
func Main(parts Parts) int {
	return newApp(parts, newScreen(os.Stdout), newScreen(os.Stderr)).run(context.Background(), os.Args[1:])
}

// An app is what the commands share: the parts, the streams, and the flags all
// of them have.
type app struct {
	parts    Parts
	adapters *plugin.Registry
	in       *os.File
	out, err screen
	db       string
	public   string
	naming   namingFlags
	keyFile  string
	logs     logsFlags
	plugins  *process.Plugins // nil until a command needs adapters
	level    zap.AtomicLevel
	json     bool
	started  bool // the command line was understood
}

func newApp(parts Parts, out, err screen) *app {
	adapters, wrong := parts.adapters()
	if wrong != nil {
		panic(wrong) // a mistake in our own source
	}
	return &app{parts: parts, adapters: adapters, in: os.Stdin, out: out, err: err}
}

// run runs one command line and gives the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	err = errors.Join(err, a.plugins.Close())
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
	flags.StringVar(&a.keyFile, "secret-key-file", "", "file with the keys that encrypt the secrets of sources (default $ROSTER_SECRET_KEY_FILE, unless $ROSTER_SECRET_KEY holds keys)")
	flags.StringVar(&a.public, "public-url", "", "where systems reach roster serve, for the addresses of callbacks: https://roster.example.com (default $ROSTER_PUBLIC_URL)")
	flags.TextVar(&a.level, "log-level", zap.NewAtomicLevelAt(zap.WarnLevel), "what to log on standard error: debug, info, warn or error")
	flags.BoolVar(&a.json, "json", false, "print JSON for scripts instead of tables")
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(a.pushCommand(), a.syncCommand(), a.planCommand(), a.sourcesCommand(), a.tasksCommand(), a.adoptCommand(), a.reindexCommand(), a.healthCommand(), a.secretsCommand(), a.stdioCommand(), a.serveCommand(), a.tokenCommand(), a.pluginCommand(), a.conformCommand(), a.demoCommand(), a.versionCommand(), a.generateCommand())
	return root
}

// open opens the engine of a command at a terminal.
func (a *app) open(ctx context.Context) (*engine.Engine, error) {
	return a.openWith(ctx, a.logger())
}

func (a *app) openWith(ctx context.Context, log *zap.Logger) (*engine.Engine, error) {
	public, err := a.publicURL()
	if err != nil {
		return nil, err
	}
	a.usePlugins(log)
	e, err := a.openAt(ctx, a.database(), a.naming.told(), log)
	if err != nil {
		return nil, err
	}
	e.SetAdapters(a.adapters)
	e.SetPublicURL(public)
	e.SetArchive(a.logs.archive(a.logs.dir))
	return e, nil
}

// openAt opens the engine on the database that url names, with the keys for its
// secrets.
func (a *app) openAt(ctx context.Context, url string, told schema.Told, log *zap.Logger) (*engine.Engine, error) {
	keys, err := a.keys(url)
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx, url, told, a.parts.Targets, log)
	if err == nil {
		e.SetKeys(keys)
	}
	return e, err
}

// database is the URL to open when nobody else names one. It is no default of
// the flag, for help would print the password in it.
func (a *app) database() string {
	return cmp.Or(a.db, os.Getenv("ROSTER_DB"), "sqlite:roster.db")
}

// publicURL is where systems reach callbacks, as far as it was said.
func (a *app) publicURL() (engine.PublicURL, error) {
	u := engine.PublicURL(cmp.Or(a.public, os.Getenv("ROSTER_PUBLIC_URL")))
	if !u.Valid() {
		return "", usageError("--public-url (ROSTER_PUBLIC_URL) is no address: give it as https://roster.example.com")
	}
	return u, nil
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
