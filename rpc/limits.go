package rpc

import (
	"cmp"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// leastFrameBytes is the smallest limit a host may ask for: any error fits.
const leastFrameBytes = 4 << 10

// Limits say how much a side takes at once. They are announced in the answer
// to initialize.
type Limits struct {
	MaxFrameBytes       int `json:"maxFrameBytes" jsonschema:"the largest message that is read, in bytes without headers"`
	MaxRequestsInFlight int `json:"maxRequestsInFlight" jsonschema:"how many requests may be unfinished at once; more are refused with 1011"`
	MaxBytesInFlight    int `json:"maxBytesInFlight" jsonschema:"how many bytes of params unfinished requests may hold together; more are refused with 1011"`
	MaxOpenSources      int `json:"maxOpenSources" jsonschema:"how many sources may be open at once (source/open); more are refused with 1011"`
	SourceIdleMs        int `json:"sourceIdleMs" jsonschema:"an open source that is asked nothing for so long is closed"`
}

// orDefaults puts the default in the place of each zero: 16 MiB, 64 requests,
// 64 MiB, 16 sources, 15 minutes.
func (l Limits) orDefaults() Limits {
	return Limits{
		MaxFrameBytes:       cmp.Or(l.MaxFrameBytes, frame.DefaultMaxBytes),
		MaxRequestsInFlight: cmp.Or(l.MaxRequestsInFlight, 64),
		MaxBytesInFlight:    cmp.Or(l.MaxBytesInFlight, 64<<20),
		MaxOpenSources:      cmp.Or(l.MaxOpenSources, 16),
		SourceIdleMs:        cmp.Or(l.SourceIdleMs, 15*60*1000),
	}
}

// hostLimits is what a host says of itself.
type hostLimits struct {
	MaxFrameBytes int `json:"maxFrameBytes,omitempty" jsonschema:"the largest message that the host reads; at least 4096, and never more is sent to it"`
}

// frameBytes gives the largest frame that the host is sent.
func (l hostLimits) frameBytes(ours int) (int, error) {
	switch n := l.MaxFrameBytes; {
	case n == 0:
		return ours, nil
	case n < leastFrameBytes:
		return 0, invalidParams(&plugin.Error{Path: "/limits/maxFrameBytes", Msg: "/limits/maxFrameBytes must be at least 4096"})
	default:
		return min(n, ours), nil
	}
}
