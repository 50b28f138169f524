package cli

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestDemoServesAWeComUntilItIsInterrupted(t *testing.T) {
	for name, args := range map[string][]string{
		"an address":         {"--serve-wecom=127.0.0.1:0"},
		"an address behind":  {"--serve-wecom", "127.0.0.1:0"},
		"an address for all": {"--serve-wecom", "0.0.0.0:0"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := roster(t.Context(), "", append([]string{"demo", "--json"}, args...)...)
			stdout, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			var said wecomOptions
			if err := json.NewDecoder(stdout).Decode(&said); err != nil {
				t.Fatal(err)
			}
			if got := ask(t, said.BaseURL+"/cgi-bin/gettoken?corpid="+said.CorpID+"&corpsecret="+said.Secret); !strings.Contains(got, `"errcode":0`) {
				t.Errorf("gettoken answers %s", got)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("interrupted, it ends with %v", err)
			}
		})
	}
}

func ask(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDemoTellsAnOperatorHowToReadItsWeCom(t *testing.T) {
	cmd := roster(t.Context(), "", "demo", "--serve-wecom=127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.Contains(lines.Text(), "curl -X PUT") {
		said.WriteString(lines.Text() + "\n")
	}
	for _, want := range []string{"base URL", "ww5823bf96d3bd56c7", "1000002", "roster sources add wecom --type wecom --options - <<'END'\n{\"baseUrl\":\"http://127.0.0.1:", "roster sync wecom"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, said.String())
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted, it ends with %v", err)
	}
}

func TestDemoServesWeComOnlyWhereItCan(t *testing.T) {
	got := mustRun(t, exitFailed, "", "demo", "--serve-wecom=192.0.2.1:1")
	if !strings.Contains(got.stderr, "listen on 192.0.2.1:1") || !strings.Contains(got.stderr, "choose another address") {
		t.Errorf("it says %s", got.stderr)
	}
	mustRun(t, exitUsage, "", "demo", "127.0.0.1:0")
	mustRun(t, exitUsage, "", "demo", "--serve-wecom", "127.0.0.1:0", "more")
}
