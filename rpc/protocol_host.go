package rpc

import (
	"reflect"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// hostMethods are the methods that Roster calls of a host, or of a process, that
// has registered an adapter or resolves its sources; those of source/ it serves
// itself as well.
func hostMethods() []methodInfo {
	asked := []methodInfo{
		asks[resolveParams, resolveResult]("sources/resolve", "Says how a source is set up, whose row the host has written: asked of one with the capability resolve, whenever the source is read."),
		asks[plugin.CreateParams, []plugin.Written]("target/create", "Writes a record that the target has no row for. NocoBase's own shape."),
		asks[plugin.UpdateParams, []plugin.Written]("target/update", "Writes a record that the target has rows for; one with isDeleted in its metaData is gone. NocoBase's own shape."),
		asks[plugin.ApplyParams, plugin.ApplyResult]("target/apply", "Makes many changes, in their order: of a target that was registered with batches, instead of target/create and target/update."),
		asks[plugin.FindParams, plugin.FindResult]("target/find", "Says which rows have one of the values in a field: of a target that was registered with finds."),
	}
	for _, m := range methods() {
		switch m.name {
		case "source/open", "source/read", "source/ack", "source/lookup", "source/check", "source/webhook", "source/close":
			asked = append(asked, m)
		}
	}
	return asked
}

// hostNotifications are what Roster tells a host unasked.
func hostNotifications() []methodInfo {
	return []methodInfo{
		tells[progressParams]("$/progress", "How far a request with a progressToken has come: ten times a second at most, and nothing after its answer."),
		tells[taskUpdatedParams]("task/updated", "How far a run has come for which no request waits: one of sync/start, or of an event. Each new state, and ten times a second at most between them."),
		tells[registryChangedParams]("registry/changed", "Source types and targets are others now: what registry/listSourceTypes and registry/listTargets said is to be asked again."),
		tells[changedParams]("target/changed", "Rows are no more as they were, and what the host keeps of them in caches must be dropped. It comes before the answer to the request that had them written."),
	}
}

func asks[P, R any](name, summary string) methodInfo {
	return methodInfo{name: name, summary: summary, params: reflect.TypeFor[P](), result: reflect.TypeFor[R]()}
}

func tells[P any](name, summary string) methodInfo {
	return methodInfo{name: name, summary: summary, params: reflect.TypeFor[P]()}
}

// schemaName gives the name of the schema of a notification's params: Progress,
// of progressParams.
func (m methodInfo) schemaName() string {
	name := strings.TrimSuffix(m.params.Name(), "Params")
	return strings.ToUpper(name[:1]) + name[1:]
}
