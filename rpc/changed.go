package rpc

import (
	"context"
	"slices"
	"strconv"

	"github.com/sourcegraph/jsonrpc2"
)

// maxChanged is how many ids one notification has at most.
const maxChanged = 1000

type changedParams struct {
	Target string   `json:"target" jsonschema:"users or departments"`
	IDs    []string `json:"ids,omitempty" jsonschema:"of rows that are no more as they were, up to 1000 in ascending order; absent: any row of the target may be"`
}

// tellChanged tells the host of rows that were written behind its back. It is
// told before the answer to the request that had them written, and returns when
// the host has been: what it keeps of them in caches is wrong by then.
func tellChanged(conn *jsonrpc2.Conn, target string, ids []int64) {
	tell := func(ids []string) {
		conn.Notify(context.Background(), "target/changed", changedParams{target, ids}) //nolint:errcheck // who hung up keeps nothing
	}
	if ids == nil {
		tell(nil)
	}
	for some := range slices.Chunk(ids, maxChanged) {
		texts := make([]string, len(some))
		for i, id := range some {
			texts[i] = strconv.FormatInt(id, 10)
		}
		tell(texts)
	}
}
