package plugin

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Source reads one system, as one configured instance of a [SourceType]. It
// is safe for concurrent use.
//
// It may also be a [Checker], a [Receiver], or an [io.Closer], which is called
// once when the source is done with.
type Source interface {
	// Read hands the records of the system to emit, page by page. A page is what
	// one call to the system gave; a few hundred to a few thousand records are
	// best. Types may come in any order, and a record may come twice: the later
	// one counts.
	//
	// That emit returns nil means that the page is stored and will not be asked
	// for again. Until then emit does not return, so that a source is never
	// ahead of what is kept by more than one page. When emit fails Read gives up
	// and returns that error. emit must not be called after Read has returned,
	// nor by two goroutines at a time.
	//
	// Read ends soon after ctx does, with ctx's error. It returns an error
	// rather than less than all there is: what the system did not give must
	// never look like what it does not have. The error is an [*Error] with a
	// kind; a source retries what may pass by itself and then says how long to
	// wait.
	//
	// Attributes that the system withholds are left out, never sent empty.
	Read(ctx context.Context, req Request, emit func(Page) error) (Reading, error)
}

// A Request says what to read. The zero Request asks for everything.
type Request struct {
	// Only asks for these records alone: for events and look-ups. It is empty
	// unless the source type declares Capabilities.Lookup. A record that is not
	// there any more is named in Reading.Gone, one that may be there but cannot
	// be seen in Reading.Hidden; every other is emitted.
	Only []Ref
	// State is that of the last page that was stored when an earlier Read of
	// the same source was cut off: go on after it. A source that cannot begins
	// anew. It is nil when there is none, and with Only.
	State json.RawMessage
}

// A Page is records that were read together.
type Page struct {
	Records []Record
	// State is where a Read goes on if this page was the last that was stored;
	// any JSON, up to 64 KiB. It is kept as it is, and holds no secret. Nil: it
	// begins anew.
	State json.RawMessage
}

// A Reading says what a Read came to. The zero Reading claims nothing: what was
// emitted is written, and nothing is taken for gone.
type Reading struct {
	// Complete says that what was emitted, by this Read and by those it went on
	// from, is all that the system has of the types it speaks of: what is not in
	// it is gone. A source says so only when every call on the way succeeded.
	Complete bool
	// Confirm says that what is not in a Complete reading may be there all the
	// same: it moved while it was being read, or cannot be seen any more. Before
	// anything is taken for gone it is asked for by name, with Request.Only: only
	// what is Gone then is gone. The source type declares Capabilities.Lookup.
	Confirm bool
	// Counts says how many records of each type that was. Where fewer arrived,
	// nothing is taken for gone. Of a type that is neither counted nor emitted,
	// nothing is said. Roster asks for counts: a Complete reading without them
	// is held to what was emitted.
	Counts map[Type]int
	Gone   []Ref // of Request.Only, or found on the way: they do not exist any more
	Hidden []Ref // of Request.Only: whether they exist cannot be seen
	// Warnings are sentences for the operator: what could not be read, and why.
	Warnings []string
}

// A Checker tests whether a source, as it is set up, can be read.
type Checker interface {
	// Check tries what Read would do, in steps that an operator understands, and
	// changes nothing. What does not work is a step that is not OK; the error is
	// only for what kept it from trying.
	Check(ctx context.Context) (Check, error)
}

// A Check says how a test of a source went.
type Check struct {
	Steps  []Step
	Sample []Record // some records as they would be synchronized; up to 10
}

// A Step is one thing that was tried.
type Step struct {
	Name    string `json:"name"`           // "token", "users"
	OK      bool   `json:"ok"`             // it works
	Message string `json:"message"`        // what was found, or what is wrong
	Hint    string `json:"hint,omitempty"` // what to do about it
	TookMs  int64  `json:"tookMs"`         // milliseconds
}

// A Receiver takes what a system sends by itself.
type Receiver interface {
	// Receive reads one callback. The events are stored before the answer goes
	// out; where they cannot be, the answer is a 503 instead. A callback that is
	// not what it claims to be (a wrong signature) is an answer, with a status
	// that refuses it, and no event. It returns within a second.
	Receive(ctx context.Context, c Callback) (Answer, []Event, error)
}

// A Callback is an HTTP request that a system sent.
type Callback struct {
	Method string
	Query  string // as it was sent, without the question mark
	Header http.Header
	Body   []byte
}

// An Answer is the HTTP response to a callback. A Status of 0 is 200.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// An Event says that something about a record may have changed. What it is now
// is read from the system.
type Event struct {
	Type Type   `json:"dataType,omitempty"`
	UID  string `json:"uid,omitempty"`
	Was  string `json:"was,omitempty"`  // the uid it had before: it was renamed
	Gone bool   `json:"gone,omitempty"` // it does not exist any more
	All  bool   `json:"all,omitempty"`  // read everything soon; type, uid, was and gone are empty
	// Key names the message that the event is from, where the system may send a
	// message twice: of events that are the same, key and all, one is kept in ten
	// minutes. Without a key all are.
	Key string `json:"key,omitempty"`
}
