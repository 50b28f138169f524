package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// The exit codes, which scripts rely on.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitPartial
)

// What a run came to that was not written whole. Its report has said so, so
// nothing more is printed.
var (
	errPartial = errors.New("some records were not written")
	errFailed  = errors.New("no record was written")
)

// outcome gives the error that stands for how a run ended.
func outcome(s engine.State) error {
	switch s {
	case engine.Success:
		return nil
	case engine.Partial:
		return errPartial
	}
	return errFailed
}

// worse gives the one of two outcomes that says less was done.
func worse(a, b error) error {
	if a == nil || errors.Is(b, errFailed) {
		return b
	}
	return a
}

func (a *app) exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPartial):
		return exitPartial
	case a.misused(err), isNotStarted(err):
		return exitUsage
	}
	return exitFailed
}

// misused says whether the command line is to blame for err.
func (a *app) misused(err error) bool {
	_, ours := errors.AsType[usageError](err)
	return ours || !a.started
}

// A usageError is what a command itself finds wrong with its arguments.
type usageError string

func (e usageError) Error() string { return string(e) }

// complain says on standard error what went wrong, and what to do about it.
func (a *app) complain(err error) {
	if err == nil || errors.Is(err, errPartial) || errors.Is(err, errFailed) {
		return
	}
	fmt.Fprint(a.err, a.complaint(a.err, err))
}

// complaint is what is said on a screen of an error: a line, and another for the
// hint.
func (a *app) complaint(to screen, err error) string {
	text, hint := err.Error(), hintOf(err)
	if hint == "" && a.misused(err) {
		hint = "roster help lists the commands, roster help COMMAND the flags of one"
	}
	text = strings.Replace(text, " ("+hint+")", "", 1)
	text = strings.ReplaceAll(text, "\n", "; ") // between errors that were joined
	text = to.red("roster:") + " " + printable(text) + "\n"
	if hint != "" {
		text += "        " + printable(hint) + "\n"
	}
	return text
}

// hintOf gives what the error tells an operator to do.
func hintOf(err error) string {
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Hint != "" {
		return e.Hint
	}
	return ""
}
