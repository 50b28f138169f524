package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// The longest pages, and the longest wait.
const (
	maxTasks  = 200
	maxItems  = 1000
	maxWaitMs = 24 * 60 * 60 * 1000
)

type tasksParams struct {
	Source string `json:"source,omitempty" jsonschema:"only runs of this source"`
	Before string `json:"before,omitempty" jsonschema:"only runs older than this id, for the next page"`
	Limit  int    `json:"limit,omitempty" jsonschema:"1 to 200; 20 when absent"`
}

type tasksResult struct {
	Tasks []engine.Task `json:"tasks"`
}

func (s *session) listTasks(ctx context.Context, p tasksParams) (*tasksResult, error) {
	if err := within("limit", p.Limit, maxTasks); err != nil {
		return nil, err
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	tasks, err := e.Tasks(ctx, engine.TaskFilter{Source: p.Source, Before: p.Before, Limit: p.Limit})
	return &tasksResult{list(tasks)}, err
}

type taskParams struct {
	TaskID string `json:"taskId"`
}

type taskResult struct {
	Task *engine.Task `json:"task"`
}

type getTaskParams struct {
	TaskID string `json:"taskId,omitempty" jsonschema:"of the run"`
	Task   string `json:"task,omitempty" jsonschema:"instead: the id of a row of userDataSyncTasks, of whose runs the newest is given"`
}

func (s *session) getTask(ctx context.Context, p getTaskParams) (*taskResult, error) {
	if (p.TaskID == "") == (p.Task == "") {
		return nil, invalidParams(&plugin.Error{Path: "/taskId", Msg: "one of /taskId and /task is needed, and not both"})
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	find, id := e.Task, p.TaskID
	if p.Task != "" {
		find, id = e.ShownTask, p.Task
	}
	task, err := find(ctx, id)
	return &taskResult{task}, err
}

// cancelTask stops a run, other than cancelRequest, which takes back a request.
func (s *session) cancelTask(ctx context.Context, p taskParams) (*taskResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	task, err := e.Cancel(ctx, p.TaskID)
	return &taskResult{task}, err
}

type waitParams struct {
	TaskID    string `json:"taskId"`
	TimeoutMs *int   `json:"timeoutMs,omitempty" jsonschema:"how long to wait, up to a day; without it, until the run has ended"`
}

func (s *session) waitForTask(ctx context.Context, p waitParams) (*taskResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	waiting := ctx
	if p.TimeoutMs != nil {
		if err := within("timeoutMs", *p.TimeoutMs, maxWaitMs); err != nil {
			return nil, err
		}
		var stop context.CancelFunc
		waiting, stop = context.WithTimeout(ctx, time.Duration(*p.TimeoutMs)*time.Millisecond)
		defer stop()
	}
	task, err := e.Wait(waiting, p.TaskID)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil { // the time is over
		task, err = e.Task(ctx, p.TaskID)
	}
	return &taskResult{task}, err
}

type itemsParams struct {
	TaskID string `json:"taskId"`
	Failed bool   `json:"failed,omitempty" jsonschema:"only what failed"`
	After  string `json:"after,omitempty" jsonschema:"the id of the last item of the page before"`
	Limit  int    `json:"limit,omitempty" jsonschema:"1 to 1000; 100 when absent"`
}

type itemsResult struct {
	Items []engine.Item `json:"items"`
}

func (s *session) listItems(ctx context.Context, p itemsParams) (*itemsResult, error) {
	if err := within("limit", p.Limit, maxItems); err != nil {
		return nil, err
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	items, err := e.Items(ctx, engine.ItemFilter{Task: p.TaskID, Failed: p.Failed, After: p.After, Limit: p.Limit})
	return &itemsResult{list(items)}, err
}

// within refuses a number below 0 or above most.
func within(member string, n, most int) error {
	if n >= 0 && n <= most {
		return nil
	}
	return invalidParams(&plugin.Error{Path: "/" + member, Msg: fmt.Sprintf("/%s must be 0 to %d", member, most)})
}
