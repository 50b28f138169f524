package cli

import (
	"errors"
	"math"

	"github.com/dustin/go-humanize"
)

// A size is a flag that holds so many bytes: "10MiB", "500 MB", "4096".
type size int64

// Set reads it.
func (s *size) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64>>1 {
		return errors.New("it is a size such as 500MB or 1GiB")
	}
	*s = size(n)
	return nil
}

// String gives it as Set reads it.
func (s *size) String() string { return humanize.IBytes(uint64(*s)) }

// Type is what help calls its values.
func (s *size) Type() string { return "size" }
