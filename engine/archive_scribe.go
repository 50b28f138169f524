package engine

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// A scribe keeps what one run receives. That it cannot stops no sync: it is said
// once, and the rest of the run is not kept. The nil scribe keeps nothing.
type scribe struct {
	archive *Archive
	run     *run
	broken  bool
}

// scribe gives the one of a run. What only plans is not kept, nor what was
// received before.
func (r *run) scribe(b batch) *scribe {
	if r.engine.archive == nil || r.kind == planOnly || b.again != nil {
		return nil
	}
	return &scribe{archive: r.engine.archive, run: r}
}

// line appends the line of a record, which is JSON.
func (s *scribe) line(lines []byte, t plugin.Type, record string) []byte {
	if s == nil {
		return lines
	}
	lines = append(lines, `{"time":"`...)
	lines = s.run.arrived.AppendFormat(lines, time.RFC3339Nano)
	lines = appendText(append(lines, `","source":`...), s.run.source)
	lines = appendText(append(lines, `,"type":`...), string(t))
	lines = fmt.Appendf(lines, `,"run":"%d","record":`, s.run.id)
	return append(append(lines, record...), '}', '\n')
}

// write keeps lines.
func (s *scribe) write(lines []byte) {
	if s == nil || s.broken || len(lines) == 0 {
		return
	}
	err := s.archive.write(lines)
	if err == nil {
		return
	}
	s.broken = true
	const trouble = "the received records could not be kept in files"
	s.run.warnings = append(s.run.warnings, trouble+"; the log says why")
	s.run.engine.log.Warn(trouble, zap.Int64("run", s.run.id), zap.Error(err))
}
