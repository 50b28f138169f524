package wecom

import (
	"context"
	"sync"
)

// ahead fetches what belongs to each item, up to n of them before they are taken,
// and has them taken one by one, in their order. The first error of take ends it;
// one of fetch is take's to judge.
func ahead[T, R any](ctx context.Context, n int, items []T, fetch func(context.Context, T) (R, error), take func(T, R, error) error) error {
	type fetched struct {
		result R
		err    error
	}
	var fetching sync.WaitGroup
	defer fetching.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var queue []chan fetched
	next := 0
	for i, item := range items {
		for ; next < min(len(items), i+n); next++ {
			done := make(chan fetched, 1)
			of := items[next]
			fetching.Go(func() {
				result, err := fetch(ctx, of)
				done <- fetched{result, err}
			})
			queue = append(queue, done)
		}
		f := <-queue[0]
		queue = queue[1:]
		if err := take(item, f.result, f.err); err != nil {
			return err
		}
	}
	return nil
}
