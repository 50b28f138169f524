// Package hosts holds Roster to what hosts in other languages see of it: each
// folder is a host that drives every method of the wire against the real process,
// and an example of how to write one.
//
//   - python: Python's own library, one object per line;
//   - node: the npm package vscode-jsonrpc, Content-Length headers, and the types
//     of docs/protocol.d.ts.
package hosts
