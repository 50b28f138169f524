package process

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/plugin"
)

// A yard is where adapters run, and what of it is logged.
type yard struct {
	*testing.T
	folder   string
	kept     Kept
	registry *plugin.Registry
	plugins  *Plugins
	logs     *observer.ObservedLogs
	says     chan struct{} // filled when an adapter says something
}

// declared is the source type of a speaker.
func declared(mode string) plugin.SourceType {
	return plugin.SourceType{
		Name: mode, Title: "Speaker", DataTypes: []plugin.Type{plugin.User}, Capabilities: plugin.Capabilities{Pull: true},
		OptionsSchema: json.RawMessage(`{"type":"object","properties":{"secret":{"type":"string","writeOnly":true}}}`),
	}
}

// manifest is that of a speaker.
func manifest(mode string) Manifest {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Manifest{Name: mode, Version: "1", Protocol: "1", Command: []string{self, "adapter", mode}, SourceTypes: []plugin.SourceType{declared(mode)}}
}

// enter opens a yard with a speaker of each mode, in a process of its own.
func enter(t *testing.T, modes ...string) *yard {
	t.Helper()
	y := &yard{T: t, folder: t.TempDir()}
	for _, mode := range modes {
		y.write(filepath.Join(mode, ManifestFile), manifest(mode))
	}
	y.enter()
	return y
}

// enter registers what is in the yard.
func (y *yard) enter() {
	y.Helper()
	y.registry, y.kept = &plugin.Registry{}, Kept(y.TempDir())
	core, logs := observer.New(zapcore.DebugLevel)
	y.logs, y.says = logs, make(chan struct{}, 1)
	hear := zap.Hooks(func(entry zapcore.Entry) error {
		if entry.Message == "an adapter says" {
			select {
			case y.says <- struct{}{}:
			default:
			}
		}
		return nil
	})
	y.plugins = Register(y.registry, Find([]string{y.folder}), Options{Version: "0", Kept: y.kept, Log: zap.New(core, hear)})
	y.Cleanup(func() { y.plugins.Close() })
}

// write makes a file of JSON in the yard.
func (y *yard) write(name string, v any) {
	y.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		y.Fatal(err)
	}
	path := filepath.Join(y.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		y.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		y.Fatal(err)
	}
}

// open opens a source.
func (y *yard) open(mode string) (plugin.Source, error) {
	y.Helper()
	driver, err := y.registry.Driver(mode)
	if err != nil {
		y.Fatal(err)
	}
	return driver.Open(y.Context(), plugin.Setup{Name: mode, Options: json.RawMessage(`{"secret":"hunter2"}`)})
}

// reads reads a source whole, and gives the number of its records.
func (y *yard) reads(mode string) (n int, err error) {
	y.Helper()
	source, err := y.open(mode)
	if err != nil {
		return 0, err
	}
	defer source.(io.Closer).Close()
	_, err = source.Read(y.Context(), plugin.Request{}, func(p plugin.Page) error { n += len(p.Records); return nil })
	return n, err
}

// wrongs lists what was said in the log that adapters do wrong.
func (y *yard) wrongs() []string {
	var said []string
	for _, entry := range y.logs.FilterMessageSnippet("does not keep to the protocol").All() {
		said = append(said, entry.ContextMap()["what"].(string))
	}
	return said
}

// piped has a speaker in this process instead of one of its own, so that time can
// be told.
func piped(serve func(in io.Reader, out, stderr io.Writer) int) func() (*child, error) {
	return func() (*child, error) {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		errR, errW := io.Pipe()
		exited, how := make(chan struct{}), "exit status 1"
		kill := sync.OnceFunc(func() {
			defer close(exited)
			inR.Close()
			outW.Close()
			errW.Close()
		})
		go func() {
			defer kill()
			serve(inR, outW, errW)
		}()
		return &child{in: inW, out: outR, err: errR, pid: 1, exited: exited, how: &how, terminate: func() {}, kill: kill}, nil
	}
}

// pipedSpeaker is a process that is such a speaker.
func pipedSpeaker(t *testing.T, mode string) *Process {
	t.Helper()
	p := newProcess(Found{Folder: t.TempDir(), Manifest: manifest(mode)}, Options{Log: zap.NewNop()})
	p.launch = piped(func(in io.Reader, out, stderr io.Writer) int { return newSpeaker(mode, in, out, stderr).serve() })
	return p
}
