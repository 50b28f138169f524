package conform

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	// maxStderr is how much of what the adapter writes to stderr is kept.
	maxStderr = 1 << 20
	// letGo is how long pipes are waited for that children of the adapter hold.
	letGo = time.Second
)

// A child is a process of the adapter.
type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	ears   *ears
	stderr *head
	ended  chan struct{} // closed when the process has ended and all that it said was heard
	kill   context.CancelFunc

	writing sync.Mutex // guards in
}

// start starts the adapter. It ends with ctx, with all that it has started
// itself.
func start(ctx context.Context, a Adapter) (*child, error) {
	ctx, kill := context.WithCancel(ctx)
	c := &child{ears: newEars(), stderr: &head{max: maxStderr}, ended: make(chan struct{}), kill: kill}
	c.cmd = exec.CommandContext(ctx, a.Command[0], a.Command[1:]...)
	c.cmd.Dir, c.cmd.Env, c.cmd.WaitDelay = a.Dir, a.Env, letGo
	inGroup(c.cmd)
	out, stdout := io.Pipe()
	c.cmd.Stdout, c.cmd.Stderr = stdout, c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		kill()
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "start the adapter", Err: err, Hint: "name its program and arguments after --, as they are typed in a shell"}
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		c.ears.listen(out)
	}()
	go func() {
		defer close(c.ended)
		c.cmd.Wait()   //nolint:errcheck // the exit code says it
		stdout.Close() //nolint:errcheck // of a pipe in memory
		<-heard
	}()
	return c, nil
}

// end ends the process now, and what it has left behind.
func (c *child) end() {
	c.kill()
	<-c.ended
	c.cmd.Cancel() //nolint:errcheck // nothing is left, most of the time
}

// exits says whether the process ends within the time, and with which code.
func (c *child) exits(within time.Duration) (code int, ok bool) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-c.ended:
		return c.cmd.ProcessState.ExitCode(), true
	case <-timer.C:
		return 0, false
	}
}

// write writes bytes as they are. Where the process reads no more, what it says
// or does not say is found by who waits for it.
func (c *child) write(text []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.in.Write(text) //nolint:errcheck // see above
}

// hangUp ends the input of the process.
func (c *child) hangUp() { c.in.Close() } //nolint:errcheck // it may have ended

// A head keeps the beginning of what is written to it.
type head struct {
	max int

	mu   sync.Mutex // guards text
	text []byte
}

// Write takes all and keeps what there is room for.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, p[:min(len(p), h.max-len(h.text))]...)
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}

// end is the end of what was kept, up to so many bytes.
func (h *head) end(most int) string {
	text := strings.TrimSpace(h.String())
	return strings.ToValidUTF8(text[max(0, len(text)-most):], "")
}

var errEnded = errors.New("the process has ended")
