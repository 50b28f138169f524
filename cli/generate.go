package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin/process"
	"github.com/nocobase-roster/roster/rpc"
)

func (a *app) generateCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "generate [FOLDER]",
		Short:  "Write the files that come from the code: plugin.json and pages of docs",
		Hidden: true,
		Args:   cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.generate(append(args, ".")[0])
		},
	}
}

// generate writes the generated files into folder.
func (a *app) generate(folder string) error {
	files, err := a.generated(folder)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a folder for %s: %w", name, err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// generated gives the files that come from the code, by name. The examples in
// them come from the conversations of the tests in folder.
func (a *app) generated(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, make := range map[string]func() ([]byte, error){
		"plugin.json":        func() ([]byte, error) { return indented(a.manifest()) },
		"docs/openrpc.json":  func() ([]byte, error) { return rpc.OpenRPC(release) },
		"docs/protocol.md":   func() ([]byte, error) { return rpc.Protocol(release, os.DirFS(folder)) },
		"docs/protocol.d.ts": func() ([]byte, error) { return rpc.TypeScript(release) },
		"docs/policies.md":   rpc.Policies,
		"docs/conform.md":    conform.Markdown,

		"docs/configuration.md": a.configuration,
	} {
		text, err := make()
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		files[name] = text
	}
	return files, nil
}

// manifest tells a host what there is without starting the process, as the one of
// an adapter tells us.
func (a *app) manifest() process.Manifest {
	return process.Manifest{
		Name:        "roster",
		Version:     release,
		Protocol:    process.ProtocolVersion,
		Command:     []string{"roster", "stdio"},
		SourceTypes: a.adapters.SourceTypes(),
		Targets:     a.adapters.Targets(),
	}
}

// indented is v as JSON to be read and compared by people.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
