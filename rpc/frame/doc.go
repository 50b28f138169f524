// Package frame carries JSON-RPC 2.0 messages over a pair of byte streams, for
// either side of a connection. It is the stream that
// github.com/sourcegraph/jsonrpc2 reads from and writes to, and it mends from
// outside what that library gets wrong: malformed frames, batches and odd ids
// are answered here and never reach it, and params and results pass by it
// untouched, so that a message of many megabytes is held once.
//
// # Framing
//
// Two framings are understood, and a peer is answered in its own:
//
//   - one JSON object per line, ended by LF or CRLF; blank lines mean nothing,
//     and the last line may lack its end;
//   - Content-Length headers as in the Language Server Protocol, ended by CRLF
//     or LF; names in any case, other headers (Content-Type) ignored.
//
// The first frame that is framed well decides for the connection. Until then
// each is judged by its first byte: a letter begins a header, anything else a
// line; an object among headers that lack a Content-Length is a line as well.
// Errors before the decision are answered with headers after a Content-Length
// or Content-Type, and else as lines.
//
// # What is answered here
//
// Each of these gets one error reply, and the connection lives on:
//
//   - −32700: what is no JSON, what is no UTF-8 outside of params, result and
//     error (inside, bytes pass as they came), and input that ends inside a
//     frame;
//   - −32700: headers out of step, which are a line that is no header, a
//     Content-Length that is missing, said twice, no number or over 4 GiB, and a
//     header line of more than 4 KiB. What follows is skipped to the next
//     "Content-Length:" or past the next end of a line, whichever comes first;
//   - −32700: so many bytes without the end of a frame that none is to be
//     expected, 4 GiB where frames may be of 16 MiB. What comes then is judged anew;
//   - −32600: a frame over the limit, which is skipped without being held; a
//     batch; a message that is no object; jsonrpc other than "2.0"; a method
//     that is missing or no string; an id that is neither a string nor an
//     integer of 0 to 2^63−1; params that are neither object nor array.
//
// The reply carries the id where that is a string or a number (of an oversized
// frame, where it stands before params in the first 4 KiB), and null elsewhere.
// A response that is over the limit or no JSON ends the call that it was to, with
// that error, where its id stands before result. One whose id could be none of ours is ignored: answering answers has
// no end. Members that JSON-RPC does not know are ignored; of one that comes
// twice the last counts, as in [encoding/json].
package frame
