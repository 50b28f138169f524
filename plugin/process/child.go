package process

import (
	"context"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// A child is a process, by its three pipes, and how it is ended.
type child struct {
	in       io.WriteCloser
	out, err io.ReadCloser
	pid      int
	exited   <-chan struct{} // closed when it has ended; then
	how      *string         // says how: "exit status 1"

	terminate, kill func() // it and all that it has started
}

// launch starts the process of an adapter.
func launch(f Found) (*child, error) {
	if err := f.Pin.Check(f.Folder); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), f.Manifest.Command[0], f.Manifest.Command[1:]...) // it outlives the call that needs it
	cmd.Dir, cmd.Env = f.Folder, environment(os.LookupEnv, f.Manifest.Env)
	apart(cmd)
	c, err := pipes(cmd)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "start adapter " + f.Name(), Err: err, Hint: "see command in its " + ManifestFile + "; its program must be in PATH, or be named with its folder: ./adapter"}
	}
	c.pid = cmd.Process.Pid
	c.terminate, c.kill = func() { terminate(c.pid) }, func() { kill(c.pid) }
	c.reap(cmd.Process)
	return c, nil
}

func pipes(cmd *exec.Cmd) (c *child, err error) {
	c = &child{}
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	c.err, err = cmd.StderrPipe()
	return c, err
}

// reap waits for the end of the process. It does not close the pipes, as
// exec.Cmd.Wait does: what was written before the end is yet to be read.
func (c *child) reap(p *os.Process) {
	exited := make(chan struct{})
	c.exited, c.how = exited, new(string)
	go func() {
		defer close(exited)
		state, err := p.Wait()
		if *c.how = "it is not known how"; err == nil {
			*c.how = state.String()
		}
		c.kill() // what it has started and left behind
	}()
}

// environment is what an adapter gets to see of Roster's: nothing that it has
// not asked for, but what programs need.
func environment(lookup func(string) (string, bool), asked []string) []string {
	env := []string{"PYTHONDONTWRITEBYTECODE=1"} // what is pinned does not change by being run
	for _, name := range slices.Concat([]string{"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"}, asked) {
		if value, ok := lookup(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
