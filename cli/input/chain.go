package input

import (
	"errors"
	"io"

	"github.com/nocobase-roster/roster/plugin"
)

// A chain gives the bodies of files, one file after the other.
type chain struct {
	rest  []string // files that have not been begun
	begin func(name string) (io.ReadCloser, error)
	given Head

	file   io.Closer
	bodies *bodyReader // of the file
	some   bool        // it had a body
}

// next gives the next body, or io.EOF behind the last file. A file without any
// is a fault: it may be an export that went wrong.
func (c *chain) next() (*body, error) {
	for {
		if c.bodies == nil {
			if err := c.open(); err != nil {
				return nil, err
			}
		}
		b, err := c.bodies.next()
		if !errors.Is(err, io.EOF) {
			c.some = true
			return b, err
		}
		name, empty := c.bodies.name, !c.some
		c.close()
		if empty {
			return nil, &plugin.Error{Kind: plugin.Data, Msg: name + ": it is empty", Hint: wantBody}
		}
	}
}

// open begins the next file, or gives io.EOF.
func (c *chain) open() error {
	if len(c.rest) == 0 {
		return io.EOF
	}
	name := c.rest[0]
	c.rest = c.rest[1:]
	file, err := c.begin(name)
	if err != nil {
		return err
	}
	if name == "-" {
		name = "standard input"
	}
	c.file, c.bodies, c.some = file, newBodyReader(name, file, c.given), false
	return nil
}

// close lets go of the file, if there is one.
func (c *chain) close() {
	if c.file != nil {
		c.file.Close() //nolint:errcheck // it was only read
	}
	c.file, c.bodies = nil, nil
}
