// Package rpc is the wire: JSON-RPC 2.0 between Roster and its host, over the
// streams that a process has anyway. It knows no adapter and no SQL.
//
// A [Server] holds what is the same for every connection; Serve speaks with
// one host until the input ends. Underneath, [frame] makes messages of bytes
// and answers what is no message. Above it:
//
//   - table.go names every method, and the OpenRPC document comes from it;
//   - session.go takes each message through the checks to its method;
//   - flight.go keeps what is in hand: limits, cancelling, answering once;
//   - peer.go calls the host, and registry.go takes what it registers;
//   - adapter.go is what is served where there is no engine;
//   - errors.go is the one place where an error becomes a code;
//   - the other files each hold the methods of one subject.
//
// # Life of a connection
//
// As in the Language Server Protocol, initialize comes first: until it has
// been answered well, every other request is refused with −32002 and every
// notification but exit is ignored. It is answered before the database is
// open; methods that need the database wait for it. Once it is open, what
// nobody waits for is done beside everything else: runs whose process died are
// taken over, events acted on, changes delivered. After shutdown
// every request is refused with −32600, and exit ends the connection, taking
// back what is still in hand. When the input ends instead, what is in hand is
// finished within the grace period, and answered.
//
// # Order
//
// Requests run side by side and are answered as they finish. Only initialize,
// ping and shutdown act before anything sent after them is looked at, and count
// for no limit. Unknown
// notifications are ignored, and so is a notification of a method that has an
// answer: nobody would learn what came of it.
package rpc
