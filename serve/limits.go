package serve

import "time"

// Limits say how much is taken, and for how long anybody is waited for.
type Limits struct {
	Body     int64         // bytes of a push
	Requests int           // that are answered at once at one address; more get 503 and may come back
	Header   time.Duration // for the head of a request
	Read     time.Duration // for a request as a whole
	Write    time.Duration // for an answer, once there is one
	Idle     time.Duration // between two requests of a connection
	Grace    time.Duration // for what is in hand when the server stops
}

// DefaultLimits are those of roster serve; 10 MB is NocoBase's own.
func DefaultLimits() Limits {
	return Limits{
		Body: 10 << 20, Requests: 256,
		Header: 10 * time.Second, Read: time.Minute, Write: 30 * time.Second, Idle: 2 * time.Minute, Grace: 10 * time.Second,
	}
}

const (
	maxHeader   = 64 << 10
	maxCallback = 1 << 20
	// maxBodies is how many bytes of pushes are held at once, so that as many
	// large ones as there may be requests do not take all memory. One always fits.
	maxBodies = 256 << 20
)
