package conform

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/nocobase-roster/roster/plugin"
)

// manifestName is what manifests are called.
const manifestName = "plugin.json"

// A manifest is what the kit reads of a plugin.json.
type manifest struct {
	Protocol    string              `json:"protocol"`
	Command     []string            `json:"command"`
	Env         []string            `json:"env"`
	SourceTypes []plugin.SourceType `json:"sourceTypes"`
	Targets     []plugin.TargetInfo `json:"targets"`
	Conform     struct {
		Type         string            `json:"type"`
		Options      json.RawMessage   `json:"options"`
		BadOptions   json.RawMessage   `json:"badOptions"`
		FaultOptions json.RawMessage   `json:"faultOptions"`
		StallOptions json.RawMessage   `json:"stallOptions"`
		Target       string            `json:"target"`
		Records      []plugin.UserData `json:"records"`
		BadRecords   []plugin.UserData `json:"badRecords"`
	} `json:"conform"`
}

// FindManifest gives the path of the plugin.json beside the command, in the
// folder of the first of its words that is a path of something; "" when there is
// none.
func FindManifest(command []string) string {
	for _, word := range command {
		info, err := os.Stat(word)
		if err != nil {
			continue
		}
		folder := word
		if !info.IsDir() {
			folder = filepath.Dir(word)
		}
		if path := filepath.Join(folder, manifestName); isFile(path) {
			return path
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// ReadManifest fills in what the adapter lacks from a plugin.json: the command,
// which is then started as Roster does, in the manifest's folder and with no more
// of the environment than it asks for, and what its member conform says: type,
// options, badOptions, faultOptions, stallOptions, target, and records and
// badRecords as NocoBase's UserData. The error is of kind Config.
func (a *Adapter) ReadManifest(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "read the manifest", Err: err, Hint: "name the adapter's plugin.json with --manifest"}
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "the manifest " + path + " is not what it must be", Err: err, Hint: "see docs/conform.md and the plugin.json of Roster for its shape"}
	}
	a.Manifest = text
	if len(a.Command) == 0 {
		a.Command, a.Dir, a.Env = m.Command, filepath.Dir(path), environment(m.Env)
	}
	a.take(m)
	return nil
}

// environment is what Roster lets an adapter see of its own.
func environment(asked []string) []string {
	env := []string{"PYTHONDONTWRITEBYTECODE=1"} // what is pinned does not change by being checked
	for _, name := range append([]string{"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"}, asked...) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// take fills in what is not said yet. Options of another type are not taken.
func (a *Adapter) take(m manifest) {
	c := m.Conform
	if a.Type == "" {
		a.Type = c.Type
	}
	if a.Type == c.Type || c.Type == "" {
		for to, from := range map[*json.RawMessage]json.RawMessage{
			&a.Options: c.Options, &a.BadOptions: c.BadOptions, &a.FaultOptions: c.FaultOptions, &a.StallOptions: c.StallOptions,
		} {
			if *to == nil {
				*to = from
			}
		}
	}
	if a.Target == "" {
		a.Target = c.Target
	}
	if a.Records == nil {
		a.Records = plugin.Ungroup(c.Records)
	}
	if a.BadRecords == nil {
		a.BadRecords = plugin.Ungroup(c.BadRecords)
	}
}
