package cli

import (
	"github.com/nocobase-roster/roster/demo"
	"github.com/nocobase-roster/roster/engine"
)

// A sceneDocument is what the demo prints for scripts: one a scene.
type sceneDocument struct {
	Scene   string        `json:"scene"`
	Told    []string      `json:"told"`
	Command string        `json:"command"`
	Report  *document     `json:"report,omitempty"`
	Error   string        `json:"error,omitempty"` // why the run ended
	Tasks   []engine.Task `json:"tasks,omitempty"`
	Facts   []demo.Fact   `json:"facts"`
}

func newSceneDocument(scene demo.Scene, told []string, o *demo.Outcome) sceneDocument {
	doc := sceneDocument{Scene: scene.Title, Told: told, Command: scene.Command, Tasks: o.Tasks, Facts: o.Facts}
	if o.Report != nil {
		report := newDocument(o.Report)
		doc.Report = &report
	}
	if o.Ended != nil {
		doc.Error = o.Ended.Error()
	}
	return doc
}
