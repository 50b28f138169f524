package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/demo"
	"github.com/nocobase-roster/roster/plugin"
)

// demoPeople is how many people the company of the demo has.
const demoPeople = 5000

func (a *app) demoCommand() *cobra.Command {
	var keep string
	var fast bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show in ten seconds what Roster does, with nothing to set up",
		Long: `Show in ten seconds what Roster does, with nothing to set up: a made-up company
of 5,000 people is read from a simulated WeCom on this machine into a SQLite
database of its own, and then things happen to both. The database is removed at
the end unless --keep names a folder for it.

Exit codes: 0 all came out as told, 1 it did not. With --json, one document for
each scene is printed.`,
		Example: "  roster demo\n  roster demo --keep demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.db != "" {
				return usageError("the demo makes a database of its own; --keep FOLDER keeps it")
			}
			return a.demo(cmd.Context(), keep, fast)
		},
	}
	cmd.Flags().StringVar(&keep, "keep", "", "folder to keep the database in, as roster.db")
	cmd.Flags().BoolVar(&fast, "fast", false, "make no pauses")
	a.addServeWeCom(cmd)
	return cmd
}

// demo plays the story in a folder and says what to look at next.
func (a *app) demo(ctx context.Context, keep string, fast bool) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	folder, remove, err := demoFolder(keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	url := "sqlite:" + filepath.Join(folder, "roster.db")
	keys, err := a.keys(url)
	if err != nil {
		return err
	}
	setup := demo.Setup{
		URL: url, Targets: a.parts.Targets, Adapters: a.adapters,
		Keys: keys, People: demoPeople, Log: a.logger(),
	}
	pace := &pace{}
	if a.out.terminal && !fast && !a.json {
		setup.Delay, pace.until = 12*time.Millisecond, time.Now().Add(6*time.Second)
	}
	if err := a.play(ctx, setup, pace); err != nil {
		return explainDemo(ctx, err)
	}
	if a.json {
		return nil
	}
	return a.farewell(url, keep != "")
}

// play plays the story, scene by scene.
func (a *app) play(ctx context.Context, setup demo.Setup, pace *pace) (err error) {
	story, err := demo.Begin(ctx, setup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, story.Close()) }()
	for i, scene := range story.Scenes() {
		if err := a.show(ctx, i+1, scene, pace); err != nil {
			return err
		}
	}
	return nil
}

// demoFolder is where the database goes, and what removes it at the end.
func demoFolder(keep string) (folder string, remove func() error, err error) {
	if keep == "" {
		folder, err = os.MkdirTemp("", "roster-demo-")
		return folder, func() error { return os.RemoveAll(folder) }, err
	}
	if folder, err = filepath.Abs(keep); err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, "roster.db")); err == nil {
		return "", nil, &plugin.Error{Kind: plugin.Conflict, Msg: "there is a roster.db in " + keep + " already", Hint: "name another folder, or remove it first"}
	}
	return folder, func() error { return nil }, os.MkdirAll(folder, 0o700)
}

// explainDemo gives what ended the demo: an operator, or what went wrong.
func explainDemo(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &plugin.Error{Kind: plugin.Canceled, Msg: "the demo was interrupted"}
	}
	return err
}
