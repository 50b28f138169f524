package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// keeping runs a program in a group of its own. Behind it stays who waits for
// the end of our pipe, then ends the group and removes the storage.
const keeping = `set -m
"$@" </dev/null 3<&- &
group=$!
{ read -r _; kill -KILL -- "-$group"; rm -rf "$STORAGE_PATH"; } <&3 >/dev/null 2>&1 &
exec 3<&-
wait "$group"`

// A process is a NocoBase, kept by a shell that reads from a pipe that only we
// write to. So it learns of our end even when we are killed.
type process struct {
	keeper *exec.Cmd
	pipe   io.Closer
	ended  chan struct{}
	err    error // of the keeper, once it has ended
	log    string
}

// run starts one of NocoBase's commands.
func (a App) run(storage string, settings []string, args ...string) (*process, error) {
	log, err := os.Create(logFile(storage))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	words, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer words.Close()
	cmd := exec.Command("bash", append([]string{"-c", keeping, "keeper", "node", "node_modules/.bin/nocobase-v1"}, args...)...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), settings...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{words}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		pipe.Close()
		return nil, fmt.Errorf("start NocoBase: %w", err)
	}
	p := &process{keeper: cmd, pipe: pipe, ended: make(chan struct{}), log: log.Name()}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// wait waits until the command has ended by itself.
func (p *process) wait(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end ends NocoBase, with all it has started.
func (p *process) end() {
	p.pipe.Close()
	<-p.ended
}

// said is the end of what NocoBase said.
func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(tail(text))
}
