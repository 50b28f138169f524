// Package conform says whether an adapter in any language keeps the protocol: it
// starts the adapter's process, speaks with it as Roster does, and as badly as
// the world does, and holds it to one check for each sentence of the protocol.
//
// [Meet] starts an [Adapter] once and learns what it has; [Subject.Run] makes
// the checks, each with a process of its own, so that none spoils another. A
// check that cannot be told says what is missing. The kit reads what the adapter
// writes with eyes of its own, not with those of package frame, which forgive.
//
//	adapter.go    what is checked, and with what; manifest.go reads it from plugin.json
//	subject.go    what the kit has learned of it
//	child.go      its process; ears.go what that says; talk.go a conversation with it
//	check.go      what a check is; run.go runs them, markdown.go lists them
//	framing.go    and requests.go, handshake.go, declaration.go (with schema.go),
//	              reading.go, session.go, cancel.go, options.go, power.go,
//	              privacy.go, target.go and ending.go: the checks
package conform
