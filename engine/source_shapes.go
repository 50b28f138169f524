package engine

import (
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// maxShapes is how many schemas are kept: more than there are source types.
const maxShapes = 100

// Shapes keep the schemas of source types compiled, which takes milliseconds: a
// burst of callbacks asks for one thousands of times.
type shapes struct {
	mu   sync.Mutex // guards what follows
	kept map[string]shape
}

// of gives the shape of a source type, as shapeOf does.
func (s *shapes) of(t plugin.SourceType) (shape, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.kept[string(t.OptionsSchema)]; ok {
		return kept, nil
	}
	made, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	if s.kept == nil || len(s.kept) == maxShapes {
		s.kept = map[string]shape{}
	}
	s.kept[string(t.OptionsSchema)] = made
	return made, nil
}
