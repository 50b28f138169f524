package cli

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// A served is a process that serves, and what it has said.
type served struct {
	*exec.Cmd
	address string
	token   string
	logs    string

	mu       sync.Mutex // guards said
	said     bytes.Buffer
	stopping chan struct{} // closed when it says that it stops
	read     chan struct{} // closed when it says nothing more
}

// startServe starts roster serve on a database, with a token for it.
func startServe(t testing.TB, url string, args ...string) *served {
	t.Helper()
	s := &served{token: strings.TrimSpace(mustRun(t, exitDone, url, "token", "create", "--name", t.Name()).stdout), logs: t.TempDir(), stopping: make(chan struct{}), read: make(chan struct{})}
	s.Cmd = roster(t.Context(), url, append([]string{"serve", "--listen=127.0.0.1:0", "--logs-dir=" + s.logs}, args...)...)
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go s.listen(stderr, address)
	select {
	case s.address = <-address:
	case <-s.read:
		t.Fatalf("it does not listen: %s", s.text())
	}
	return s
}

// listen keeps what the process says, and picks out where it listens.
func (s *served) listen(stderr io.Reader, address chan<- string) {
	defer close(s.read)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		s.mu.Lock()
		s.said.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "listening":
			address <- entry.Address
		case "stopping":
			close(s.stopping)
		}
	}
}

func (s *served) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// end waits for the end of the process and gives its exit code.
func (s *served) end() int {
	<-s.read
	s.Wait()
	return s.ProcessState.ExitCode()
}

// begin sends the head of a push over a connection of its own and returns when
// the server waits for the body.
func (s *served) begin(t *testing.T, body string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST /api/userData:push HTTP/1.1\r\nHost: roster\r\nExpect: 100-continue\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", s.token, len(body))
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("the server does not wait for a body: %v, %v", resp, err)
	}
	resp.Body.Close() // there is none
	return c, in
}

// push pushes a body and gives the status and the answer.
func (s *served) push(t *testing.T, client *http.Client, scheme, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, scheme+"://"+s.address+"/api/userData:push", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const hired = `{"dataType":"user","sourceName":"hr","records":[{"uid":"1","nickname":"赵思远","password":"hunter2"}]}`

func TestServeFinishesWhatIsInHandAndExitsWithZero(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := startServe(t, url)
		c, in := s.begin(t, hired)
		if err := s.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for { // nobody new gets in
			other, err := net.Dial("tcp", s.address)
			if err != nil {
				break
			}
			other.Close()
		}
		io.WriteString(c, hired)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the push in hand: %v, %v", resp, err)
		}
		resp.Body.Close()
		if code := s.end(); code != exitDone {
			t.Errorf("exit code %d, want 0: %s", code, s.text())
		}
		if n := rowsOf(t, url, "{users}", "[nickname] = '赵思远'"); n != 1 {
			t.Errorf("%d of the users are in the database, want 1", n)
		}
	})
}

func TestASecondSignalEndsServeAtOnce(t *testing.T) {
	s := startServe(t, schematest.Any(t))
	s.begin(t, hired)
	for range 2 {
		if err := s.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		<-s.stopping
	}
	if code := s.end(); code == exitDone {
		t.Error("it ended as if nothing had been in hand")
	}
}

func TestWhatServeWasKilledInTheMiddleOfCanBeSentAgain(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := startServe(t, url)
		c, _ := s.begin(t, hired)
		io.WriteString(c, hired)
		s.Process.Kill()
		s.end()
		mustRun(t, exitDone, url, "token", "revoke", t.Name())
		s = startServe(t, url)
		if status, text := s.push(t, http.DefaultClient, "http", hired); status != http.StatusOK {
			t.Errorf("the same again: %d %s", status, text)
		}
		if n := rowsOf(t, url, "{users}", "[nickname] = '赵思远'"); n != 1 {
			t.Errorf("%d of the users are in the database, want 1", n)
		}
	})
}

func TestServeSaysAndKeepsNothingSecret(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := startServe(t, url, "--log-level=debug")
		if status, text := s.push(t, http.DefaultClient, "http", hired); status != http.StatusOK {
			t.Fatalf("push: %d %s", status, text)
		}
		s.Process.Signal(syscall.SIGTERM)
		s.end()
		files, _ := filepath.Glob(filepath.Join(s.logs, "user-data-sync", "*.log"))
		if len(files) != 1 {
			t.Fatalf("files of received records: %v, want one", files)
		}
		kept, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(kept), "赵思远") {
			t.Errorf("the record was not kept: %s, %v", kept, err)
		}
		for _, secret := range []string{"hunter2", s.token} {
			if strings.Contains(s.text()+string(kept), secret) {
				t.Errorf("a secret was said or kept:\n%s%s", s.text(), kept)
			}
		}
		if strings.Contains(s.text(), "赵思远") {
			t.Errorf("somebody's name is in the log:\n%s", s.text())
		}
	})
}

func TestServeEncrypts(t *testing.T) {
	cert, key, pool := certificate(t)
	s := startServe(t, schematest.Any(t), "--tls-cert="+cert, "--tls-key="+key)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	if status, text := s.push(t, &http.Client{Transport: transport}, "https", hired); status != http.StatusOK {
		t.Errorf("push over TLS: %d %s", status, text)
	}
	s.Process.Signal(syscall.SIGTERM)
	if code := s.end(); code != exitDone || strings.Contains(s.text(), "without encryption") {
		t.Errorf("exit code %d: %s", code, s.text())
	}
}

func TestServeWarnsOfAddressesThatOthersReach(t *testing.T) {
	s := startServe(t, schematest.Any(t), "--listen=0.0.0.0:0")
	s.Process.Signal(syscall.SIGTERM)
	s.end()
	if !strings.Contains(s.text(), "open to others without encryption") {
		t.Errorf("it does not warn: %s", s.text())
	}
}

func TestServeRefusesWhatItCannotDo(t *testing.T) {
	url := schematest.Any(t)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"serve --tls-cert=cert.pem", exitUsage, "--tls-cert and --tls-key go together"},
		{"serve --max-body=lots", exitUsage, "it is a size such as"},
		{"serve --max-requests=0", exitUsage, "1 or more"},
		{"serve --tls-cert=none.pem --tls-key=none.pem", exitFailed, "read the certificate"},
		{"serve --listen=127.0.0.1:99999", exitFailed, "listen on 127.0.0.1:99999"},
	} {
		if got := mustRun(t, c.code, url, strings.Fields(c.args)...); !strings.Contains(got.stderr, c.want) {
			t.Errorf("roster %s: want %q, got %s", c.args, c.want, got.stderr)
		}
	}
}

// certificate makes one for 127.0.0.1, as files, and those who trust it.
func certificate(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM(public)
	dir := t.TempDir()
	return write(t, dir, "cert.pem", string(public)), write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))), trust
}
