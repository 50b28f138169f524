package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

// logsFlags say where what was received is kept in files, and for how long.
type logsFlags struct {
	dir  string // empty: nowhere
	days uint
	size size
}

func (f *logsFlags) add(cmd *cobra.Command, otherwise string) {
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "logs-dir", "", "keep received records in files in DIR/user-data-sync, for who may read personal data (default "+otherwise+")")
	flags.UintVar(&f.days, "logs-days", 30, "for how many days they are kept; 0: for ever")
	f.size = size(engine.DefaultRetention().Size)
	flags.Var(&f.size, "logs-size", "how large they may be together; 0: no limit")
}

// archive makes the archive that was asked for, in dir if there is one.
func (f *logsFlags) archive(dir string) *engine.Archive {
	if dir == "" {
		return nil
	}
	return engine.NewArchive(dir, engine.Retention{Age: time.Duration(min(f.days, 36500)) * 24 * time.Hour, Size: int64(f.size)})
}
