package rpc

import (
	"context"

	"github.com/nocobase-roster/roster/plugin"
)

type sourceTypeList struct {
	Types []plugin.SourceType `json:"types"`
}

func (s *session) listSourceTypes(context.Context, none) (sourceTypeList, error) {
	return sourceTypeList{list(s.server.SourceTypes)}, nil
}

type targetList struct {
	Targets []plugin.TargetInfo `json:"targets"`
}

func (s *session) listTargets(context.Context, none) (targetList, error) {
	return targetList{list(s.server.Targets)}, nil
}
