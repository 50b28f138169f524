package cli

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin/process"
)

// usePlugins puts the adapters that are processes beside those that are built in.
// They are started when they are needed, and stopped when the command ends.
func (a *app) usePlugins(log *zap.Logger) {
	if a.plugins == nil {
		a.plugins = process.Register(a.adapters, a.findPlugins(), process.Options{Version: release, Kept: a.kept(), Log: log.Named("plugin")})
	}
}

// findPlugins gives the adapters that an operator has added, and those in the
// folders of ROSTER_PLUGINS.
func (a *app) findPlugins() []process.Found {
	return process.Unique(slices.Concat(a.kept().List(), process.Find(filepath.SplitList(os.Getenv("ROSTER_PLUGINS")))))
}

// kept is where adapters are noted: in ROSTER_HOME, else beside a database that
// is a file itself.
func (a *app) kept() process.Kept {
	home := os.Getenv("ROSTER_HOME")
	if path, ok := strings.CutPrefix(a.database(), "sqlite:"); ok {
		home = cmp.Or(home, filepath.Dir(strings.TrimPrefix(path, "//")))
	}
	if home == "" {
		return ""
	}
	return process.Kept(filepath.Join(home, "plugins"))
}
