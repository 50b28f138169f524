// Package process has adapters that are child processes, written by anybody in
// any language. A folder with a plugin.json is one: its [Manifest] says which
// source types and targets it has and how it is started, so that they are
// registered without starting it. What it speaks is what Roster speaks with a
// host, docs/protocol.md; here it is a [plugin.Caller] behind a [plugin.Peer].
//
// An adapter is not trusted. It is started when it is first needed, in a process
// group and an environment of its own, and stopped when nobody has asked it
// anything for long. What it prints, sends unasked or does not answer is counted
// and limited; what it says is forwarded to the log without the secrets that it
// was given. One that ends is started again, later and later; one that keeps
// ending is left off for a while. [Status] is what the operator sees of that.
//
//	manifest.go  what an adapter declares: plugin.json
//	find.go      where adapters are, and kept.go those that an operator has added
//	pin.go       the checksums that an operator has pinned
//	plugins.go   all of them, in a registry
//	process.go   one adapter: from which life a call gets its answer
//	start.go     how it comes to life, and how often
//	session.go   sessions end with their life
//	greet.go     the handshake, and whether it is what it declared
//	life.go      one life of it: what it is asked
//	conduct.go   what it must not do
//	listen.go    what it says, with secrets.go: and what of that is not repeated
//	child.go     the operating system's side, with group_*.go
//	status.go    what the operator sees
package process
