package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) secretsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secrets",
		Short: "Make a key for the secrets of sources, or encrypt them anew",
		Long: `The secrets in the options of sources are encrypted in the database. The keys for
that are given in ROSTER_SECRET_KEY, parted by commas, or in a file, one a line,
that --secret-key-file or ROSTER_SECRET_KEY_FILE names: the first key encrypts,
all of them decrypt. Beside an SQLite database a file with a key is made when
nothing is said: PATH.key. Without its key a secret is lost: keep a copy.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newKeyCommand(), a.rotateCommand())
	return cmd
}

func (a *app) newKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "new-key",
		Short:   "Print a new key",
		Example: "  (umask 077; roster secrets new-key > roster.key)",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, engine.NewKey())
			return err
		},
	}
}

func (a *app) rotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt all secrets with the first key",
		Long: `Encrypt all secrets of all sources with the first key. Put a new key before the
old one, restart what runs with the old one alone, rotate, and take the old key
away when that has ended well. It can be interrupted and begun anew.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				done, err := eng.RotateSecrets(ctx)
				if err != nil && done == (engine.Rotation{}) {
					return err
				}
				return cmp.Or(err, a.reportRotation(done))
			})
		},
	}
}

func (a *app) reportRotation(done engine.Rotation) error {
	if a.json {
		return a.printJSON(done)
	}
	line := fmt.Sprintf("%s of %s encrypted with the first key", number(done.Secrets, "secret"), number(done.Sources, "source"))
	if done.Current > 0 {
		line += fmt.Sprintf("; %d were already", done.Current)
	}
	_, err := fmt.Fprintln(a.out, line+".")
	return err
}

// keys are those that encrypt secrets in the database that url names; none where
// nothing is said of them.
func (a *app) keys(url string) (*engine.Keys, error) {
	text := os.Getenv("ROSTER_SECRET_KEY")
	if a.keyFile == "" && text != "" {
		return engine.ParseKeys(text)
	}
	if path := cmp.Or(a.keyFile, os.Getenv("ROSTER_SECRET_KEY_FILE")); path != "" {
		return engine.ReadKeys(path)
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return engine.KeysAt(strings.TrimPrefix(path, "//") + ".key"), nil
	}
	return nil, nil
}
