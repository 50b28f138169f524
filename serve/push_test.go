package serve_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/serve"
)

// What a push is answered with, whatever it is: NocoBase's own words and codes.
func TestPushesAreAnsweredAsNocoBaseDoes(t *testing.T) {
	refused := func(message string) string {
		b, _ := json.Marshal(message)
		return "500 " + string(b)
	}
	each(t, func(s *site) {
		for _, c := range []struct {
			body   string
			status int
			want   string // code and message
		}{
			{`{"dataType":"user","records":[{"uid":"1"}]}`, 200, `0 "success"`},
			{`{"dataType":"department","records":[{"uid":"1","title":"R&D"}],"more":1}`, 200, `0 "success"`},
			{`{"dataType":"user","records":[{"nickname":"no uid"}]}`, 200, `0 "success"`},
			{`{"dataType":"robot","records":[{"uid":"1"}]}`, 500, refused("dataType robot is not supported")},
			{`{"records":[{"uid":"1"}]}`, 500, refused("dataType undefined is not supported")},
			{``, 500, refused("dataType undefined is not supported")},
			{`[]`, 500, refused("dataType undefined is not supported")},
			{`{"dataType":"user"}`, 500, refused("records for user data synchronize is required")},
			{`{"dataType":"user","records":null}`, 500, refused("records for user data synchronize is required")},
			{`{"dataType":"user","records":[]}`, 500, refused("records must have at least one piece of data")},
			{`{"dataType":"user","records":{"uid":"1"}}`, 500, refused("records must be an array")},
			{`{"dataType":7,"records":[{"uid":"1"}]}`, 500, refused("dataType must not be a number")},
			{`{"dataType":"user","matchKey":"shoe","records":[{"uid":"1"}]}`, 500, refused(`matchKey "shoe" is not supported`)},
			{`{"dataType":"user","records":[{"uid":"1"}],"snapshot":{"id":""}}`, 500, refused("a snapshot needs an id of up to 255 bytes")},
		} {
			if got := brief(s, s.push(c.status, c.body).body, "code", "message"); got != c.want {
				s.Errorf("POST userData:push %s: answered %s, want %s", c.body, got, c.want)
			}
		}
	})
}

func TestAPushIsAnsweredWithOneResultPerResource(t *testing.T) {
	each(t, func(s *site) {
		got := s.push(200, `{"dataType":"user","sourceName":"hr","records":[{"uid":"1","nickname":"Ann"},{"nickname":"no uid"}]}`)
		const want = `[{"resource":"users","detail":{"count":{"all":2,"success":1,"failed":1,"skipped":0},` +
			`"failedRecords":[{"record":{"nickname":"no uid"},"message":"record must has uid","kind":"data","field":"uid"}]}},` +
			`{"resource":"departments","detail":{"count":{"all":2,"success":1,"failed":0,"skipped":1},"failedRecords":[]}}]`
		if diff := cmp.Diff(want, brief(s, got.body, "result")); diff != "" {
			s.Errorf("result mismatch (-want +got):\n%s", diff)
		}
		if got := got.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			s.Errorf("Content-Type is %q", got)
		}
	})
}

func TestASourceIsCalledApiUnlessItSaysOtherwise(t *testing.T) {
	each(t, func(s *site) {
		s.push(200, `{"dataType":"user","records":[{"uid":"1"}]}`)
		if r, err := s.engine.Record(s.Context(), "api", "user", "1"); err != nil || r.UID != "1" {
			s.Errorf("Record() = %v, %v", r, err)
		}
	})
}

func TestSnapshotsAndOptionsAreTakenOverHTTP(t *testing.T) {
	each(t, func(s *site) {
		s.push(200, `{"dataType":"user","sourceName":"hr","records":[{"uid":"1"},{"uid":"2"}]}`)
		got := s.push(200, `{"dataType":"user","sourceName":"hr","snapshot":{"id":"all","done":true,"counts":{"user":1}},
			"options":{"sync":{"removal":{"user":"delete"}},"secret":"x"},"records":[{"uid":"1"}]}`)
		if got := brief(s, got.body, "summary"); got != `"user: 1 deleted, 1 unchanged"` {
			s.Errorf("the run says %s", got)
		}
		wrong := s.push(500, `{"dataType":"user","records":[{"uid":"1"}],"options":{"sync":{"removal":{"user":"shoot"}}}}`)
		if got := brief(s, wrong.body, "path"); got != `"/options/sync/removal/user"` {
			s.Errorf("wrong options are answered with the path %s", got)
		}
	})
}

func TestNoJSONIsABadRequest(t *testing.T) {
	each(t, func(s *site) {
		for _, body := range []string{`{"dataType":`, `<xml/>`, `{} {}`} {
			if got := s.send(http.MethodPost, "/api/userData:push", body); got.status != 400 {
				s.Errorf("POST userData:push %s: status %d, want 400: %s", body, got.status, got.body)
			}
		}
	})
}

func TestLargePushesAreRefusedWhateverTheySayOfTheirSize(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Body = 1000
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	fits := `{"dataType":"user","records":[{"uid":"1"}],"x":"` + strings.Repeat("x", 900) + `"}`
	s.push(200, fits)
	large := strings.NewReader(strings.Repeat(" ", 2000) + fits)
	s.push(413, strings.Repeat(" ", 200)+fits)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/userData:push", struct{ *strings.Reader }{large})
	r.ContentLength = -1 // in chunks
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body in chunks: status %d, want 413", resp.StatusCode)
	}
}

// A proxy that loses patience must not undo what has been sent.
func TestAPushGoesOnWhenItsSenderIsGone(t *testing.T) {
	each(t, func(s *site) {
		release := s.occupy("hr")
		s.raw(s.pushText(`{"dataType":"user","sourceName":"hr","records":[{"uid":"1"}]}`)).Close()
		release()
		s.waitFor("the record", func() bool {
			_, err := s.engine.Record(s.Context(), "hr", "user", "1")
			return err == nil
		})
	})
}

// occupy has a push hold its source until it is released.
func (s *site) occupy(source string) (release func()) {
	held, released, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_, err := s.engine.Push(s.Context(), engine.Push{Source: source, Bodies: func(yield func(engine.Body, error) bool) {
			close(held)
			<-released
			yield(engine.Body{DataType: "user", Records: func(yield func(json.RawMessage, error) bool) { yield(json.RawMessage(`{"uid":"who holds it"}`), nil) }}, nil)
		}}, nil)
		if err != nil {
			s.Error(err)
		}
	}()
	<-held
	return func() {
		close(released)
		<-done
	}
}

// pushText is a push as it goes over the line.
func (s *site) pushText(body string) string {
	return fmt.Sprintf("POST /api/userData:push HTTP/1.1\r\nHost: roster\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", s.token, len(body), body)
}

// raw sends text over a connection of its own.
func (s *site) raw(text string) net.Conn {
	s.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		s.Fatal(err)
	}
	return c
}

// waitFor waits until something is so.
func (s *site) waitFor(what string, so func() bool) {
	s.Helper()
	end := time.NewTimer(10 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end.C:
			s.Fatalf("%s did not come", what)
		}
	}
}
