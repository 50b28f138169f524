package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// interruptible gives a context that ends with the first SIGINT or SIGTERM.
// The second one ends the process, as if nobody listened: from before anybody
// hears of the first.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
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
