package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func (a *app) testSourceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test NAME",
		Short: "Try whether a source can be read, step by step",
		Long: `Try whether a source can be read, step by step, without changing anything. The
exit code is 1 when a step failed.`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				check, err := eng.TestSource(ctx, args[0], nil)
				if err != nil {
					return err
				}
				return a.reportCheck(check)
			})
		},
	}
}

// reportCheck shows the steps of a test with what to do about them.
// The error says that there were some.
func (a *app) reportCheck(check plugin.Check) error {
	var failed error
	t := &table{align: "llrl"}
	for _, s := range check.Steps {
		verdict := "ok"
		if !s.OK {
			verdict, failed = "failed", errFailed
		}
		t.add(verdict, short(s.Name), (time.Duration(s.TookMs) * time.Millisecond).String(), printable(s.Message))
		if s.Hint != "" {
			t.add("", "", "", printable(s.Hint))
		}
	}
	t.paint = func(verdict string) string {
		return map[string]func(string) string{"ok": a.out.green, "failed": a.out.red, "": func(s string) string { return s }}[verdict](verdict)
	}
	if a.json {
		if err := a.printJSON(plugin.CheckResult{Steps: check.Steps, Sample: plugin.Group(check.Sample)}); err != nil {
			return err
		}
		return failed
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	if n := len(check.Sample); n > 0 {
		fmt.Fprintf(a.out, "\n%s could be read, to begin with; --json shows them.\n", number(n, "record"))
	}
	return failed
}
