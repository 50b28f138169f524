//go:build nocobase

package nocobase_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/nocobase/host"
	"github.com/nocobase-roster/roster/schema/schematest"
)

const pluginName = "@nocobase-roster/plugin-roster"

// A bridge is a NocoBase with the plugin in it.
type bridge struct {
	*testing.T
	app    host.App
	place  host.Place
	server *host.Server
}

// newBridge installs the plugin as an operator does.
func newBridge(t *testing.T) *bridge {
	t.Helper()
	b := &bridge{T: t, app: host.Install(t).Own(t)}
	b.place = host.Place{
		Database: schematest.Postgres(t), Storage: host.NewStorage(t),
		Settings: []string{"LOGGER_LEVEL=info", "LOGGER_TRANSPORT=console,file"},
	}
	b.app.Prepare(t, b.place.Database, host.Naming{})
	b.server = b.app.Serve(t, b.place)
	if err := b.server.AddPlugin(t.Context(), archive(t), pluginName); err != nil {
		t.Fatal(err)
	}
	return b
}

// archive packs the plugin with the program for this platform only.
func archive(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("plugin/node_modules/.package-lock.json"); err != nil {
		do(t, "plugin", "npm", "ci", "--no-audit", "--no-fund", "--silent")
	}
	out := t.TempDir()
	do(t, "plugin", "npm", "run", "--silent", "types")
	do(t, "plugin", "node", "build.mjs", "--out", out, runtime.GOOS+"/"+runtime.GOARCH)
	return packed(t, out)
}

// packed is the one archive in a folder.
func packed(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil || len(files) != 1 {
		t.Fatalf("archives: %v, %v", files, err)
	}
	return files[0]
}

// do runs a program in a folder.
func do(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// step is a test on the same NocoBase.
func (b *bridge) step(name string, act func(b *bridge)) {
	b.Run(name, func(t *testing.T) {
		inner := *b
		inner.T = t
		act(&inner)
	})
}

// program is where the plugin has its own.
func (b *bridge) program() string {
	return filepath.Join(b.dist(), "server/bin", "roster-"+runtime.GOOS+"-"+runtime.GOARCH)
}

// dist is where the plugin has what was built of it.
func (b *bridge) dist() string {
	return filepath.Join(b.place.Storage, "plugins", pluginName, "dist")
}

// must ends the test when NocoBase does not do what it is asked.
func (b *bridge) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// source adds a source.
func (b *bridge) source(name, sourceType string, options host.Values) int64 {
	b.Helper()
	id, err := b.server.Create(b.Context(), "userDataSyncSources", host.Values{"name": name, "sourceType": sourceType, "enabled": true, "options": options})
	b.must(err)
	return id
}

// sync clicks on Sync and waits for the end of the task.
func (b *bridge) sync(name string, id int64) host.SyncTask {
	b.Helper()
	b.must(b.server.Pull(b.Context(), name))
	return b.ended(id)
}

func (b *bridge) ended(id int64) host.SyncTask {
	b.Helper()
	task, err := b.server.Ended(b.Context(), id, time.Minute)
	b.must(err)
	return task
}

// wantTask wants a task to have ended so; the message holds the text.
func (b *bridge) wantTask(got host.SyncTask, status, message string) {
	b.Helper()
	if got.Status != status || !strings.Contains(got.Message, message) || len([]rune(got.Message)) > 255 {
		b.Errorf("the task is %s: %q; want %s: … %q …", got.Status, got.Message, status, message)
	}
}

// kept is what a column holds for a source.
func (b *bridge) kept(query string, args ...any) string {
	b.Helper()
	var text string
	b.must(connect(b, b.place.Database).QueryRowContext(b.Context(), query, args...).Scan(&text))
	return text
}

// neverSaid wants none of the files that NocoBase and the plugin log to to hold a text.
func (b *bridge) neverSaid(texts ...string) {
	b.Helper()
	b.must(filepath.WalkDir(b.place.Storage, func(path string, entry fs.DirEntry, err error) error {
		said := path == filepath.Join(b.place.Storage, "said") || strings.Contains(path, "/logs/") && !strings.Contains(path, "/roster-20")
		if err != nil || entry.IsDir() || !said {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if i := bytes.Index(content, []byte(text)); i >= 0 {
				b.Errorf("%s holds %q: … %s …", path, text, content[max(0, i-200):min(len(content), i+100)])
			}
		}
		return err
	}))
}

func id(n int64) string { return strconv.FormatInt(n, 10) }
