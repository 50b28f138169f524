// Package plugin is the contract between Roster and its adapters. It imports
// nothing but the standard library and zap, and can be read in ten minutes.
//
// An adapter that brings records in is a [Source]; one that takes them is a
// [Target]. Each has one method. What an adapter can do besides, it says by
// having more: a source that can be tested is a [Checker], one that is sent
// events a [Receiver]; a target that can be asked what it holds is a [Finder].
// Either may be an [io.Closer]. The zero value of every type here is the one
// that claims least and does least.
//
// To write a source: declare it as a [SourceType], with a JSON Schema of its
// options; write Read; make a [Driver] of both with [NewDriver]; register that
// with a [Registry]. Package plugintest says whether it keeps its promises, one
// subtest for each sentence of the comments here.
//
//	record.go    what travels: Record, Ref; its JSON with record_*.go
//	source.go    Source, and what a source may be besides
//	target.go    Target, and what a target may be besides
//	driver.go    how an adapter is declared and opened
//	registry.go  what there is, and in which order targets are written
//	peer.go      an adapter at the other end of a connection, with peer_*.go
//	wire.go      the words that are said over it
//	errors.go    what went wrong, and what to do
//	secret.go    text that never prints
package plugin
