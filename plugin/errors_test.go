package plugin_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

func TestErrorSaysWhatHappenedWhyAndWhatToDo(t *testing.T) {
	cause := errors.New("no route to host")
	for _, c := range []struct {
		err  *plugin.Error
		want string
	}{
		{&plugin.Error{Msg: "read departments"}, "read departments"},
		{&plugin.Error{Msg: "read departments", Err: cause}, "read departments: no route to host"},
		{&plugin.Error{Err: cause, Hint: "check the network"}, "no route to host (check the network)"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
	if err := fmt.Errorf("sync corp: %w", &plugin.Error{Err: cause}); !errors.Is(err, cause) {
		t.Errorf("%v does not lead to its cause", err)
	}
}

func TestKindIsThatOfTheOutermostError(t *testing.T) {
	inner := &plugin.Error{Kind: plugin.Transient}
	for _, c := range []struct {
		err  error
		want plugin.Kind
	}{
		{errors.New("plain"), plugin.Internal},
		{nil, plugin.Internal},
		{fmt.Errorf("wrapped: %w", inner), plugin.Transient},
		{&plugin.Error{Kind: plugin.Config, Err: inner}, plugin.Config},
	} {
		if got := plugin.KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %s, want %s", c.err, got, c.want)
		}
	}
}

func TestWhatMayPassIsRetryable(t *testing.T) {
	for kind, want := range map[plugin.Kind]bool{
		plugin.Config: false, plugin.Auth: false, plugin.RateLimited: true, plugin.Transient: true, plugin.Data: false,
		plugin.Conflict: false, plugin.Guard: false, plugin.Locked: true, plugin.NotFound: false, plugin.Unsupported: false,
		plugin.Overloaded: true, plugin.Stale: false, plugin.Canceled: false, plugin.Internal: false,
	} {
		if got := (&plugin.Error{Kind: kind}).Retryable(); got != want {
			t.Errorf("an error of kind %s is retryable: %t, want %t", kind, got, want)
		}
	}
}
