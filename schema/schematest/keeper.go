package schematest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// keeping waits for the end of its input, then takes the cluster away.
const keeping = `read -r _; "$1/pg_ctl" stop --mode=immediate --silent --pgdata="$2/data" >/dev/null 2>&1; rm -rf "$2"`

// A keeper is a process that outlives ours to clean up after us. It reads from
// a pipe that only we write to, so it learns of our end even when we are
// killed. It holds our standard error, for which go test waits.
type keeper struct {
	cmd  *exec.Cmd
	pipe io.Closer
	once sync.Once
	err  error
}

func keep(h *home, bin string) (*keeper, error) {
	cmd := h.command("/bin/sh", "-c", keeping, "keeper", bin, h.dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		os.Remove(h.dir)
		return nil, fmt.Errorf("start the keeper of the cluster: %w", err)
	}
	return &keeper{cmd: cmd, pipe: pipe}, nil
}

// release has the cluster taken away and waits for it.
func (k *keeper) release() error {
	k.once.Do(func() {
		k.pipe.Close()
		if err := k.cmd.Wait(); err != nil {
			k.err = fmt.Errorf("take the cluster away: %w", err)
		}
	})
	return k.err
}
