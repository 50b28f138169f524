package serve_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/serve"
)

func TestWhatIsInHandFinishesWhenTheServerStops(t *testing.T) {
	each(t, func(s *site) {
		c := s.begin(onePerson)
		stopped := make(chan error, 1)
		go func() { stopped <- s.stop() }()
		s.waitFor("the server to stop", func() bool { return s.logs.FilterMessage("stopping").Len() == 1 })
		if got := c.end(); got != 200 {
			s.Errorf("a push in hand: status %d", got)
		}
		if err := <-stopped; err != nil {
			s.Errorf("Serve() = %v", err)
		}
	})
}

func TestWhatTakesLongerThanTheGracePeriodIsBrokenOffAndHearsOfIt(t *testing.T) {
	limits := serve.DefaultLimits()
	limits.Grace = time.Millisecond
	s := open(t, schematest.Open(t, schematest.Any(t)), limits)
	release := s.occupy("hr")
	c := s.begin(onePerson)
	answered := make(chan int, 1)
	go func() { answered <- c.end() }()
	if err := s.stop(); err != nil {
		t.Errorf("Serve() = %v", err)
	}
	if got := <-answered; got != 503 {
		t.Errorf("a push that was broken off: status %d", got)
	}
	release()
}

// A begun is a push whose body the server waits for.
type begun struct {
	net.Conn
	in   *bufio.Reader
	body string
}

func (s *site) begin(body string) begun {
	s.Helper()
	head, _, _ := strings.Cut(s.pushText(body), "\r\n\r\n")
	c := s.raw(head + "\r\nExpect: 100-continue\r\n\r\n")
	in := bufio.NewReader(c)
	if got := statusOf(in); got != http.StatusContinue {
		s.Fatalf("the server does not wait for a body: status %d", got)
	}
	return begun{c, in, body}
}

// end sends the body and gives the status of the answer, 0 where none comes.
func (b begun) end() int {
	io.WriteString(b.Conn, b.body)
	return statusOf(b.in)
}

// statusOf reads an answer and gives its status, 0 where none comes.
func statusOf(in *bufio.Reader) int {
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// Names, bodies and tokens are somebody's: the log says that there was a
// request, and by which token.
func TestNothingThatWasSentIsLogged(t *testing.T) {
	each(t, func(s *site) {
		s.push(200, `{"dataType":"user","sourceName":"hr","records":[{"uid":"hunter2","nickname":"hunter2","password":"hunter2"},{"nickname":"hunter2"}]}`)
		s.push(500, `{"dataType":"hunter2","records":[{"uid":"hunter2"}]}`)
		s.push(401, onePerson, "roster_hunter2")
		for _, path := range []string{"/callback/hunter2?signature=hunter2", "/hunter2", "/api/userData:pull?name=hunter2", "/api/userData:retry?id=hunter2"} {
			s.send("GET", path, "hunter2")
		}
		s.send("HUNTER2", "/", "")
		if err := s.stop(); err != nil {
			s.Fatal(err)
		}
		for _, entry := range s.logs.All() {
			fields, _ := json.Marshal(entry.ContextMap())
			if said := strings.ToLower(entry.Message + string(fields)); strings.Contains(said, "hunter2") || strings.Contains(said, strings.ToLower(s.token)) {
				s.Errorf("the log says %s", said)
			}
		}
		if n := s.logs.FilterMessage("request").FilterField(zap.String("token", "tester")).Len(); n != 4 {
			s.Errorf("%d requests are logged with their token's name, want 4", n)
		}
	})
}
