package rpc

import (
	"fmt"

	"go.uber.org/zap"
)

// A printer is the logger that the library wants.
type printer struct{ log *zap.Logger }

// Printf logs what the library has to say.
func (p printer) Printf(format string, args ...any) { p.log.Warn(fmt.Sprintf(format, args...)) }

func (s *session) printer() printer { return printer{s.log.Named("jsonrpc2")} }
