package sdk

import (
	"encoding/json"
	"io"

	"github.com/nocobase-roster/roster/plugin"
)

// A manifest tells Roster what there is without starting the process.
type manifest struct {
	Name        string              `json:"name"`
	Version     string              `json:"version"`
	Protocol    string              `json:"protocol"`
	Command     []string            `json:"command"`
	SourceTypes []plugin.SourceType `json:"sourceTypes"`
	Targets     []plugin.TargetInfo `json:"targets"`
}

// writeManifest writes the plugin.json of an adapter whose program is called as
// it is, in the folder of the manifest.
func writeManifest(to io.Writer, name, version string, adapters *plugin.Registry) error {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(manifest{
		Name: name, Version: version, Protocol: "1", Command: []string{"./" + name},
		SourceTypes: append([]plugin.SourceType{}, adapters.SourceTypes()...),
		Targets:     append([]plugin.TargetInfo{}, adapters.Targets()...),
	})
}
