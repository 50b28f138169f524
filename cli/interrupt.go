package cli

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// interruptible gives a context that ends with the first SIGINT or SIGTERM.
// The second one ends the process, as if nobody listened.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// explain says what was written when it was the operator who ended the run, and
// gives any other error as it is.
func explain(ctx context.Context, err error, last engine.Progress) error {
	if ctx.Err() == nil {
		return err
	}
	done := "nothing"
	if last.State == engine.Applying {
		done = fmt.Sprintf("%s of %s %s",
			humanize.Comma(int64(last.Done)), humanize.Comma(int64(last.Total)), plural(last.Type))
	}
	return &plugin.Error{Kind: plugin.Canceled, Msg: "interrupted: this run has written " + done, Hint: "the same again does the rest"}
}
