package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens that roster serve asks for",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.createTokenCommand(), a.listTokensCommand(), a.revokeTokenCommand())
	return cmd
}

func (a *app) createTokenCommand() *cobra.Command {
	var name, source, expires string
	cmd := &cobra.Command{
		Use:   "create --name NAME",
		Short: "Make a token and print it, once",
		Long: `Make a token and print it. Only what it is recognized by is kept: who loses it
makes another.`,
		Example: "  roster token create --name hr-export --source hr --expires 90d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lasts, err := lifetime(expires)
			if err != nil {
				return err
			}
			if name == "" {
				return usageError("whose is the token? give it a --name")
			}
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.createToken(ctx, eng, name, source, lasts)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "who holds it")
	cmd.Flags().StringVar(&source, "source", "", "the one source that it is for (default any)")
	cmd.Flags().StringVar(&expires, "expires", "", "after how long it ends: 90d, 12h (default never)")
	return cmd
}

func (a *app) listTokensCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens, and when each was used last",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.query(cmd.Context(), a.listTokens)
		},
	}
}

func (a *app) revokeTokenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "End a token: within five seconds it is refused everywhere",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("revoke what? name one token; roster token list lists them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return eng.RevokeToken(ctx, args[0])
			})
		},
	}
}

func (a *app) createToken(ctx context.Context, eng *engine.Engine, name, source string, lasts time.Duration) error {
	text, token, err := eng.CreateToken(ctx, name, source, lasts)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			*engine.Token
			Text string `json:"token"`
		}{token, text.Reveal()})
	}
	fmt.Fprintln(a.out, text.Reveal())
	fmt.Fprintln(a.err, "Keep it now: it is not shown again.")
	return nil
}

func (a *app) listTokens(ctx context.Context, eng *engine.Engine) error {
	tokens, err := eng.Tokens(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(tokens)
	}
	if len(tokens) == 0 {
		fmt.Fprintln(a.out, "There are no tokens: roster token create makes one.")
		return nil
	}
	t := &table{align: "llll"}
	t.add("name", "source", "ends", "last used")
	for _, token := range tokens {
		t.add(short(token.Name), cmp.Or(short(token.Source), "any"), day(token.ExpiresAt, "never"), day(token.UsedAt, "never"))
	}
	return t.write(a.out)
}

// day shows a time to the minute, where this machine is.
func day(t *time.Time, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.Local().Format("2006-01-02 15:04")
}

// lifetime reads how long a token is good for: as Go does, and in days.
func lifetime(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 36500)) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return 0, usageError("--expires is a time such as 90d or 12h")
	}
	return d, nil
}
