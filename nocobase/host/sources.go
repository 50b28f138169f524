package host

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// A SyncSource is a source as NocoBase lists it.
type SyncSource struct {
	ID      int64
	Name    string
	Options map[string]any
}

// Sources lists the sources.
func (c *Client) Sources(ctx context.Context) ([]SyncSource, error) {
	return list[SyncSource](ctx, c, "userDataSyncSources", "id", nil)
}

// A SyncTask is a task as NocoBase's drawer shows it.
type SyncTask struct {
	ID, SourceID    int64
	Status, Message string
	Cost            int
}

// Tasks lists the tasks of a source, the oldest first.
func (c *Client) Tasks(ctx context.Context, source int64) ([]SyncTask, error) {
	filter, err := json.Marshal(Values{"sourceId": source})
	if err != nil {
		return nil, err
	}
	var tasks []SyncTask
	err = c.Do(ctx, "userDataSyncTasks:list", url.Values{"filter": {string(filter)}, "sort": {"id"}, "pageSize": {"200"}, "appends": {"source"}}, nil, &tasks)
	return tasks, err
}

// Pull clicks on Sync.
func (c *Client) Pull(ctx context.Context, source string) error {
	return c.Do(ctx, "userData:pull", url.Values{"name": {source}}, nil, nil)
}

// Retry clicks on Retry.
func (c *Client) Retry(ctx context.Context, t SyncTask) error {
	query := url.Values{"sourceId": {strconv.FormatInt(t.SourceID, 10)}, "id": {strconv.FormatInt(t.ID, 10)}}
	return c.Do(ctx, "userData:retry", query, nil, nil)
}

// Ended waits until all tasks of a source have ended, and gives the newest.
func (c *Client) Ended(ctx context.Context, source int64, within time.Duration) (SyncTask, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		tasks, err := c.Tasks(ctx, source)
		if err == nil && len(tasks) > 0 && ended(tasks) {
			return tasks[len(tasks)-1], nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return SyncTask{}, fmt.Errorf("tasks of source %d have not ended: %+v: %w", source, tasks, cmp.Or(err, ctx.Err()))
		}
	}
}

func ended(tasks []SyncTask) bool {
	for _, t := range tasks {
		if t.Status == "init" || t.Status == "processing" {
			return false
		}
	}
	return true
}
