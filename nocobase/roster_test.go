//go:build nocobase

package nocobase_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// roster is Roster on a NocoBase's database, started as its host starts it.
type roster struct{ database string }

// Push pushes over standard input and output, with a process of its own.
func (r roster) Push(ctx context.Context, p host.Push) ([]host.SyncResult, error) {
	var answer struct{ Result []host.SyncResult }
	err := r.call(ctx, "sync/push", p, &answer)
	return answer.Result, err
}

// call makes one request.
func (r roster) call(ctx context.Context, method string, params, into any) error {
	type object = map[string]any
	var requests bytes.Buffer
	enc := json.NewEncoder(&requests)
	for i, request := range []object{
		{"method": "initialize", "params": object{"protocolVersion": "1", "client": object{"name": "test", "version": "1"}}},
		{"method": method, "params": params},
	} {
		request["jsonrpc"], request["id"] = "2.0", i
		if err := enc.Encode(request); err != nil {
			return err
		}
	}
	cmd := r.command(ctx, "stdio", "--log-level=error")
	cmd.Stdin = &requests
	out, err := cmd.Output()
	if err != nil {
		return explain(err)
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	for {
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		switch err := answers.Decode(&answer); {
		case err != nil:
			return fmt.Errorf("%s is not answered: %w", method, err)
		case answer.Error != nil:
			return &host.RefusedError{Message: answer.Error.Message}
		case answer.ID == 1:
			return json.Unmarshal(answer.Result, into)
		}
	}
}

// command prepares one of Roster's commands. Its sessions have a name in the
// server's log.
func (r roster) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, binary, append(args, "--db", r.database+"&application_name=roster")...)
}

// run runs a command to its end. That some records were not written is no error.
func (r roster) run(ctx context.Context, input []byte, args ...string) error {
	cmd := r.command(ctx, args...)
	cmd.Stdin = bytes.NewReader(input)
	_, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 3 {
		return nil
	}
	return explain(err)
}

// explain adds what a process said to how it ended.
func explain(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}
