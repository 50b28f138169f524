package rpc

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/nocobase-roster/roster/rpc/call"
)

// The names that the code itself looks for.
const (
	initialize = "initialize"
	exit       = "exit"

	cancelRequest = call.CancelRequest
)

// methods is every method, in the order in which they are documented.
func methods() []methodInfo {
	return []methodInfo{
		method(initialize, "Opens the connection: versions, limits, and which database. Answered before the database is open.", (*session).initialize).first(),
		notification("initialized", "The host has read the answer to initialize. Nothing depends on it.", (*session).initialized),
		method("ping", "Answers at once, however much is in hand.", (*session).ping).first(),
		method("rpc.discover", "Gives all of this as an OpenRPC document.", (*session).discover),
		method("health/check", "Says how Roster and its database are. Works while the database is being opened, and when it has failed.", (*session).health),
		method("log/setLevel", "Sets from which level on entries are logged to stderr.", (*session).setLevel),
		method("shutdown", "Ends the work: requests after it are refused. Those in hand go on until exit.", (*session).shutdown).first(),
		notification(exit, "Ends the connection and cancels what is in hand. Without shutdown before it the process ends with code 1.", (*session).exit),
		notification(cancelRequest, "Takes a request back. It is answered with -32800 at once; an unknown id is ignored.", (*session).cancelRequest),

		method("registry/listSourceTypes", "Lists the kinds of systems that records can come from.", (*session).listSourceTypes),
		method("registry/listTargets", "Lists the resources that records are written to, in that order.", (*session).listTargets),
		method("registry/registerSource", "Declares a kind of system whose records the host brings: Roster calls its source/* methods.", (*session).registerSource),
		method("registry/registerTarget", "Declares a resource that the host writes: from then on it gets what changes, by target/apply or target/create and target/update, after it has been committed, at least once.", (*session).registerTarget),
		method("registry/unregister", "Takes back what this connection has registered. What a target has not got stays for it.", (*session).unregister),

		method("target/apply", "Makes changes to NocoBase's users or departments, as pushes of the sources that they name. Every change has its outcome.", (*session).applyToTarget),
		method("target/create", "Does the same for one record, in NocoBase's shape, and gives the rows that it stands for.", (*session).createInTarget),
		method("target/update", "Does the same for one record that has rows; with isDeleted it is a tombstone.", (*session).updateInTarget),
		method("target/find", "Finds rows of a target by the values of one field. Values that nobody has bring nothing.", (*session).findTarget),

		method("sources/list", "Lists the sources.", (*session).listSources),
		method("sources/get", "Gives one source.", (*session).getSource),
		method("sources/create", "Adds a source. Its options are checked, and its secrets kept encrypted and never given again.", (*session).createSource),
		method("sources/update", "Changes what is named of a source. The answer is the source as it is then.", (*session).updateSource),
		method("sources/delete", "Removes a source, after its records where that is asked for. When they cannot all be removed it stays, and the error says so.", (*session).deleteSource),
		method("sources/validate", "Says what is wrong with a source, or with a draft of one, all at once; paths are those in the draft.", (*session).validateSource),
		method("sources/test", "Tries to read a source, or a draft of one, step by step, for a minute at most. Steps that failed are no error.", (*session).testSource),

		method("sync/push", "Brings records of one type into NocoBase and answers when all is written. A bad record fails alone. With snapshot, what no part of it had is gone.", (*session).push),
		method("sync/start", "Begins to read a source and to write what it has. Answers at once with the task, that of the reading that is under way already where there is one; sync/wait waits for it.", (*session).start),
		method("sync/plan", "Says what sync/push would do, or sync/start of a source, and writes nothing to NocoBase's tables.", (*session).plan),
		method("sync/retry", "Does again what of a task failed, and only that; goes on with one that was interrupted. Answers as sync/push does.", (*session).retry),
		method("sync/cancel", "Asks a run to stop, in whatever process it works, and gives its task as it stands. What was committed stands.", (*session).cancelTask),
		method("sync/wait", "Answers with a task when its run has ended, or as it stands when the time is over.", (*session).waitForTask),

		method("source/open", "Opens a source with the options given, for this connection only: Roster keeps none of it. It is closed when it is not asked anything for long.", (*session).openSource),
		method("source/read", "Gives the next records, waiting for them: from the beginning, or on from state. The pages of an answer are stored and acknowledged before the next is asked for, so the source never runs ahead. Taking the request back ends the waiting only: what it would have brought comes with the next.", (*session).readSource),
		method("source/ack", "Says that the pages read last are stored.", (*session).ackSource),
		method("source/lookup", "Reads single records. Each is found, gone, or hidden where that cannot be seen.", (*session).lookUp),
		method("source/check", "Tries what reading would do, in steps, and shows some records.", (*session).checkSource),
		method("source/webhook", "Hands on an HTTP request that a system sent, and gives the response to send back. The events of an open source come back; those of a source that Roster has are kept before the answer, and acted on.", (*session).webhook),
		method("source/close", "Ends what is in hand with a source, and closes it.", (*session).closeSource),

		method("tasks/list", "Lists runs, the newest first.", (*session).listTasks),
		method("tasks/get", "Gives one run.", (*session).getTask),
		method("tasks/items", "Lists what a run did, departments first, in the order of the records.", (*session).listItems),
		method("records/get", "Gives a record as it was last received, and the rows it stands for.", (*session).getRecord),
	}
}

// A methodInfo is a line of the table.
type methodInfo struct {
	name, summary  string
	params, result reflect.Type // result is nil for a notification
	inOrder        bool         // acts before anything sent after it is looked at, beyond all limits
	call           func(ctx context.Context, s *session, params json.RawMessage) (any, error)
}

// method makes a line of the table for a request; f gets its params decoded.
func method[P, R any](name, summary string, f func(*session, context.Context, P) (R, error)) methodInfo {
	return methodInfo{
		name: name, summary: summary,
		params: reflect.TypeFor[P](), result: reflect.TypeFor[R](),
		call: func(ctx context.Context, s *session, raw json.RawMessage) (any, error) {
			var p P
			if err := s.decoder().decode(raw, &p); err != nil {
				return nil, err
			}
			return f(s, ctx, p)
		},
	}
}

// notification makes a line of the table for what has no answer. All of them
// act in order.
func notification[P any](name, summary string, f func(*session, context.Context, P)) methodInfo {
	m := method(name, summary, func(s *session, ctx context.Context, p P) (none, error) {
		f(s, ctx, p)
		return none{}, nil
	})
	m.result = nil
	return m
}

// first makes the method act before anything sent after it is looked at, and
// beyond all limits. It must not wait for anything.
func (m methodInfo) first() methodInfo {
	m.inOrder = true
	return m
}

func (m methodInfo) notification() bool { return m.result == nil }

// none is params without members.
type none struct{}

// null is the result of what has nothing to say.
type null struct{}

// MarshalJSON gives null.
func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func newTable(methods []methodInfo) map[string]methodInfo {
	table := map[string]methodInfo{}
	for _, m := range methods {
		table[m.name] = m
	}
	return table
}
