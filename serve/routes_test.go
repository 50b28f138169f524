package serve_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/serve"
)

func TestRoutes(t *testing.T) {
	each(t, func(s *site) {
		for _, c := range []struct {
			method, path string
			status       int
			body         string // how it begins
		}{
			{"GET", "/healthz", 200, `{"status":"ok"}`},
			{"HEAD", "/healthz", 200, ""},
			{"POST", "/healthz", 405, `{"errors":[`},
			{"GET", "/api/userData:listSyncTypes", 200, `{"data":[{"name":"http-api","title":"`},
			{"GET", "/api/userData:push", 405, `{"errors":[`},
			{"DELETE", "/api/userData:push", 405, `{"errors":[`},
			{"PUT", "/callback/corp", 405, `{"errors":[`},
			{"GET", "/api/userData:retry?id=77", 500, `{"errors":[{"message":"there is no task 77"`},
			{"GET", "/", 404, `{"errors":[`},
			{"GET", "/api/users:list", 404, `{"errors":[`},
			{"GET", "/callback/a/b", 404, `{"errors":[`},
			{"POST", "/api/userData%3Apush", 500, `{"data":{"code":500`},
		} {
			got := s.send(c.method, c.path, "")
			if got.status != c.status || !strings.HasPrefix(got.body, c.body) || c.body == "" && got.body != "" {
				s.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, got.status, got.body, c.status, c.body)
			}
		}
		if got := s.send("GET", "/api/userData:push", ""); got.header.Get("Allow") != "POST" {
			s.Errorf("a method that is not allowed: Allow is %q, want POST", got.header.Get("Allow"))
		}
	})
}

func TestHealthIsThatOfTheDatabase(t *testing.T) {
	db := schematest.Open(t, schematest.Any(t))
	s := open(t, db, serve.DefaultLimits())
	db.Close()
	if got := s.send("GET", "/healthz", "", ""); got.status != 503 || got.body != `{"status":"unavailable"}` {
		t.Errorf("without a database: %v", got)
	}
	if got := s.push(500, onePerson); strings.Contains(got.body, "sql") {
		t.Errorf("the answer tells of the database: %s", got.body)
	}
}

func TestWhatFailedIsRetried(t *testing.T) {
	each(t, func(s *site) {
		failed := strings.Trim(brief(s, s.push(200, `{"dataType":"user","sourceName":"hr","records":[{"nickname":"no uid"},{"uid":"1"}]}`).body, "taskId"), `"`)
		if got := s.send("POST", "/api/userData:retry?id="+failed, ""); got.status != 200 || got.body != "{}" {
			s.Fatalf("userData:retry: %v, want 200 {}", got)
		}
		s.waitFor("the retry", func() bool {
			tasks := s.tasks()
			return tasks[0].Kind == "retry" && tasks[0].FinishedAt != nil
		})
		good := strings.Trim(brief(s, s.push(200, `{"dataType":"user","sourceName":"hr","records":[{"uid":"1"}]}`).body, "taskId"), `"`)
		if got := s.send("POST", "/api/userData:retry?id="+good, ""); got.status != 500 || !strings.Contains(got.body, "has not failed") {
			s.Errorf("userData:retry of what did not fail: %v", got)
		}
	})
}

func TestTooManyRequestsMayComeBack(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Requests = 1
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	head, body, _ := strings.Cut(s.pushText(onePerson), "\r\n\r\n")
	first := s.raw(head + "\r\nExpect: 100-continue\r\n\r\n")
	in := bufio.NewReader(first)
	if got := statusOf(in); got != 100 { // it has the one place when its body is waited for
		t.Fatalf("who has the place: status %d", got)
	}
	got := s.send("POST", "/api/userData:push", `{"dataType":"robot"}`)
	if got.status != 503 || got.header.Get("Retry-After") != "1" {
		t.Errorf("one too many: %v, want Retry-After 1", got)
	}
	if health := s.send("GET", "/healthz", ""); health.status != 200 {
		t.Errorf("health while all places are taken: %v", health)
	}
	if _, err := io.WriteString(first, body); err != nil {
		t.Fatal(err)
	}
	if got := statusOf(in); got != 200 {
		t.Errorf("who had the place: status %d", got)
	}
}

func TestSlowSendersAreHungUpOn(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Header, limits.Read = 50*time.Millisecond, 100*time.Millisecond
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	whole := s.pushText(onePerson)
	for name, text := range map[string]string{
		"a head that does not end": "POST /api/userData:push HTTP/1.1\r\nHost: roster\r\nX-",
		"a body that does not end": whole[:len(whole)-5],
	} {
		c := s.raw(text)
		answered, err := io.ReadAll(c) // until the server hangs up
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(string(answered), " 200 ") {
			t.Errorf("%s was answered with %s", name, answered)
		}
	}
}

// What takes longer than a request may take to come is not cut off.
func TestAPushMayTakeLongerThanItsBody(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Read = 50 * time.Millisecond
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	release := s.occupy("hr")
	c := s.raw(s.pushText(onePerson))
	<-time.After(3 * limits.Read) // the limit passes while it waits
	release()
	if got := statusOf(bufio.NewReader(c)); got != 200 {
		t.Errorf("a push that waited: status %d", got)
	}
}

// The time for an answer is that answer's own.
func TestAConnectionOutlivesTheTimeForAnAnswer(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Write = 50 * time.Millisecond
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	c := s.raw(s.pushText(onePerson))
	in := bufio.NewReader(c)
	if got := statusOf(in); got != 200 {
		t.Fatalf("the first push: status %d", got)
	}
	<-time.After(3 * limits.Write) // it passes between two requests
	head, body, _ := strings.Cut(s.pushText(onePerson), "\r\n\r\n")
	io.WriteString(c, head+"\r\nExpect: 100-continue\r\n\r\n")
	if got := statusOf(in); got != http.StatusContinue {
		t.Fatalf("the head of the second push: status %d", got)
	}
	io.WriteString(c, body)
	if got := statusOf(in); got != 200 {
		t.Errorf("the second push: status %d", got)
	}
}

// A source that is there is not said to be missing because its type is.
func TestASourceWhoseTypeIsMissingIsNotCalledUnknown(t *testing.T) {
	each(t, func(s *site) {
		s.bell("corp", plugin.Answer{})
		s.types.Remove("corp")
		if got := s.send("GET", "/api/userData:pull?name=corp", ""); got.status != 500 || !strings.Contains(got.body, "there is no source type") {
			t.Errorf("answered %d %s", got.status, got.body)
		}
	})
}
