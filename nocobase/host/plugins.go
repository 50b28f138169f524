package host

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Own gives an app with a folder of its own, into which NocoBase links the
// plugins that are added to it. Its files are those of a, under names of their
// own: links that NocoBase would follow have it load some things twice.
func (a App) Own(tb testing.TB) App {
	tb.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(a.dir), "own-") // names of one file are in one file system
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := filepath.WalkDir(a.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.share(path, entry, dir)
	}); err != nil {
		tb.Fatal(err)
	}
	return App{dir}
}

// share puts an entry of a into the same place in dir, but for NocoBase's storage.
func (a App) share(path string, entry fs.DirEntry, dir string) error {
	place, err := filepath.Rel(a.dir, path)
	if err != nil {
		return err
	}
	own := filepath.Join(dir, place)
	switch {
	case place == "storage":
		return fs.SkipDir
	case entry.IsDir():
		return os.MkdirAll(own, 0o755)
	case entry.Type()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(to, own)
	}
	return os.Link(path, own)
}

// AddPlugin uploads the archive of a plugin and enables it: NocoBase has loaded
// it then.
func (c *Client) AddPlugin(ctx context.Context, archive, name string) error {
	if err := c.upload(ctx, "pm:add", archive); err != nil {
		return err
	}
	if err := c.unpacked(ctx, name, time.Minute); err != nil {
		return err
	}
	return c.EnablePlugin(ctx, name)
}

// EnablePlugin enables a plugin that was added.
func (c *Client) EnablePlugin(ctx context.Context, name string) error {
	return c.manage(ctx, "pm:enable", name)
}

// DisablePlugin disables a plugin.
func (c *Client) DisablePlugin(ctx context.Context, name string) error {
	return c.manage(ctx, "pm:disable", name)
}

// manage returns when NocoBase is ready again.
func (c *Client) manage(ctx context.Context, action, name string) error {
	err := c.Do(ctx, action, url.Values{"filterByTk": {name}, "awaitResponse": {"true"}}, struct{}{}, nil)
	if err != nil {
		return err
	}
	return ready(ctx, c.at, time.Minute)
}

// unpacked waits until a plugin is listed: pm:add answers before.
func (c *Client) unpacked(ctx context.Context, name string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var plugins []struct{ PackageName string }
		err := c.Do(ctx, "pm:list", nil, nil, &plugins)
		for _, p := range plugins {
			if p.PackageName == name {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("plugin %s is not listed: %w (last answer: %w)", name, ctx.Err(), cmp.Or(err, errors.New("it is not there")))
		}
	}
}

func (c *Client) upload(ctx context.Context, action, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", filepath.Base(file))
	if err != nil {
		return err
	}
	part.Write(content) // a buffer takes all
	w.Close()
	answer, err := c.Call(ctx, http.MethodPost, action, w.FormDataContentType(), form.Bytes())
	if err == nil && answer.Status != http.StatusOK {
		err = &StatusError{Action: action, Status: answer.Status, Body: string(answer.Body)}
	}
	return err
}

// An Answer is an HTTP response as it came.
type Answer struct {
	Status int
	Type   string // its Content-Type
	Body   []byte
}

// URL is the address of a path of the API, or of the server where it begins with
// a slash.
func (c *Client) URL(path string) string {
	if strings.HasPrefix(path, "/") {
		return strings.TrimSuffix(c.at, "/api/") + path
	}
	return c.at + path
}

// Call sends a request to the URL of a path and gives the answer, whatever it is.
func (c *Client) Call(ctx context.Context, method, path, contentType string, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL(path), bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header.Get("Content-Type"), text}, err
}

// Anonymous is a client of the same server that is not signed in.
func (c *Client) Anonymous() *Client { return &Client{at: c.at, http: c.http} }
