package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// withSafes adds a source type with a secret, that can be tested.
func withSafes(p Parts) Parts {
	p.Drivers = append(p.Drivers, plugin.NewDriver(plugin.SourceType{
		Name: "safe", Title: "Safe", Origin: "test", Capabilities: plugin.Capabilities{Check: true, Webhook: true},
		OptionsSchema: json.RawMessage(`{"type":"object","required":["brand"],"additionalProperties":false,"properties":{
			"brand":{"type":"string","title":"Brand","description":"Who made it."},"code":{"type":"string","writeOnly":true,"title":"Code","description":"Opens it."}}}`),
	}, func(_ context.Context, s safe, _ *zap.Logger) (plugin.Source, error) { return s, nil }))
	return p
}

type safe struct {
	Brand string
	Code  plugin.Secret
}

func (s safe) Read(context.Context, plugin.Request, func(plugin.Page) error) (plugin.Reading, error) {
	return plugin.Reading{}, errors.New("nobody reads safes")
}

func (s safe) Check(context.Context) (plugin.Check, error) {
	found := plugin.Step{Name: "find", OK: true, Message: "a " + s.Brand}
	if s.Code.Reveal() == "swordfish" {
		return plugin.Check{Steps: []plugin.Step{found, {Name: "turn", OK: true, Message: "it opens"}}, Sample: []plugin.Record{{Type: plugin.User, UID: "1"}}}, nil
	}
	return plugin.Check{Steps: []plugin.Step{found, {Name: "turn", Message: "it stays shut", Hint: "look under the keyboard"}}}, nil
}

// A source is added, shown, tested, changed, renamed, disabled and removed at a
// terminal.
func TestSourcesAtATerminal(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		t.Setenv("ROSTER_SECRET_KEY", engine.NewKey())
		has := func(got ended, want ...string) {
			t.Helper()
			for _, text := range want {
				if !strings.Contains(got.stdout+got.stderr, text) {
					t.Errorf("want %q in\n%s%s", text, got.stdout, got.stderr)
				}
			}
		}
		has(mustRun(t, exitDone, url, "sources"), "There is no source yet")
		has(mustRead(t, exitDone, `{"brand":"Chubb","code":"sardine","sync":{"guards":null}}`, url, "sources", "add", "vault", "--type", "safe", "--options", "-"),
			"  name          vault\n", "  secrets set   /code\n", "    \"code\": null,\n", "  callbacks to  /callback/vault\n")
		has(mustRun(t, exitDone, url, "sources", "show", "vault", "--public-url", "https://roster.example.com/"), "  callbacks to  https://roster.example.com/callback/vault\n")
		has(mustRun(t, exitUsage, url, "sources", "show", "vault", "--public-url", "roster.example.com"), "is no address")
		has(mustRun(t, exitFailed, url, "sources", "test", "vault"), "  ok      find  0s  a Chubb\n", "  failed  turn  0s  it stays shut\n", "                    look under the keyboard\n")
		options := write(t, t.TempDir(), "options.json", `{"brand":"Fichet","code":"swordfish"}`)
		mustRun(t, exitDone, url, "sources", "set", "vault", "--options", options, "--display-name", "The vault")
		has(mustRun(t, exitDone, url, "sources", "test", "vault"), "  ok  turn  0s  it opens\n", "1 record could be read")
		mustRun(t, exitDone, url, "sources", "rename", "vault", "hr")
		has(mustRun(t, exitDone, url, "sources"), "  hr    safe  yes  ", "The vault\n")
		mustRun(t, exitDone, url, "sources", "disable", "hr")
		has(mustRead(t, exitFailed, somebody, url, "push"), "source hr is disabled")
		mustRun(t, exitDone, url, "sources", "enable", "hr")
		push(t, exitDone, somebody, url)
		has(mustRun(t, exitFailed, url, "sources", "rename", "hr", ""), "/name is missing")
		has(mustRun(t, exitDone, url, "sources", "remove", "hr", "--records", "delete"), "2 users deleted", "The source hr is removed.\n")
		has(mustRun(t, exitFailed, url, "sources", "show", "hr"), `roster: there is no source "hr"`)
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 0 {
			t.Errorf("%d users in the database, want none", n)
		}
	})
}

func TestSourcesForScripts(t *testing.T) {
	url := schematest.SQLite(t)
	var one struct{ Source engine.Source }
	parse(t, mustRead(t, exitDone, `{"brand":"Chubb","code":"swordfish"}`, url, "sources", "add", "vault", "--type", "safe", "--options", "-", "--json").stdout, &one)
	if s := one.Source; s.Name != "vault" || string(s.Options) != `{"brand":"Chubb","code":null}` || len(s.SecretsSet) != 1 {
		t.Errorf("roster sources add --json gives %+v with options %s", s, s.Options)
	}
	var all struct{ Sources []engine.Source }
	parse(t, mustRun(t, exitDone, url, "sources", "--json").stdout, &all)
	if len(all.Sources) != 1 {
		t.Errorf("roster sources --json gives %+v", all)
	}
	var check plugin.CheckResult
	parse(t, mustRun(t, exitDone, url, "sources", "test", "vault", "--json").stdout, &check)
	if len(check.Steps) != 2 || len(check.Sample) != 1 {
		t.Errorf("roster sources test --json gives %+v", check)
	}
}

func TestOptionsThatCannotBeRead(t *testing.T) {
	url := schematest.Any(t)
	for stdin, want := range map[string]string{
		`{"code":"swordfish",`: "standard input holds no JSON", `["swordfish"]`: "/options must be a JSON object",
		`{"code":["swordfish"]}`: "/options/brand is missing; /options/code must be a text",
	} {
		got := mustRead(t, exitFailed, stdin, url, "sources", "add", "vault", "--type", "safe", "--options", "-")
		if !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "swordfish") {
			t.Errorf("want %q in\n%s", want, got.stderr)
		}
	}
	for _, args := range [][]string{{"sources", "add", "vault"}, {"sources", "show"}, {"sources", "rename", "a"}, {"sources", "test", "a", "b"}, {"secrets", "rotate", "all"}} {
		mustRun(t, exitUsage, url, args...)
	}
}

// New keys go before the old ones; after the rotation the old ones can go.
func TestKeysAreRotated(t *testing.T) {
	url := schematest.Any(t)
	dir := t.TempDir()
	oldKey, newKey := mustRun(t, exitDone, url, "secrets", "new-key").stdout, mustRun(t, exitDone, url, "secrets", "new-key").stdout
	if oldKey == newKey {
		t.Error("roster secrets new-key prints the same key twice")
	}
	keyFile := func(name, text string) string {
		path := write(t, dir, name, text)
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	only, both, fresh := keyFile("old", oldKey), keyFile("both", newKey+oldKey), keyFile("new", newKey)
	mustRead(t, exitDone, `{"brand":"Chubb","code":"swordfish"}`, url, "sources", "add", "vault", "--type", "safe", "--options", "-", "--secret-key-file", only)
	if got := mustRun(t, exitDone, url, "secrets", "rotate", "--secret-key-file", both).stdout; got != "1 secret of 1 source encrypted with the first key.\n" {
		t.Errorf("roster secrets rotate prints %q", got)
	}
	if got := mustRun(t, exitDone, url, "secrets", "rotate", "--secret-key-file", both).stdout; got != "0 secrets of 0 sources encrypted with the first key; 1 were already.\n" {
		t.Errorf("roster secrets rotate prints %q", got)
	}
	mustRun(t, exitDone, url, "sources", "test", "vault", "--secret-key-file", fresh)
	t.Setenv("ROSTER_SECRET_KEY_FILE", fresh)
	mustRun(t, exitDone, url, "sources", "test", "vault")
	t.Setenv("ROSTER_SECRET_KEY", strings.TrimSpace(oldKey))
	if got := mustRun(t, exitFailed, url, "sources", "test", "vault"); !strings.Contains(got.stderr, "roster: read the secret /code of source vault: it cannot be decrypted: there is no key ") {
		t.Errorf("the old key alone: %s", got.stderr)
	}
	t.Setenv("ROSTER_SECRET_KEY", "swordfish")
	if got := mustRun(t, exitFailed, url, "sources"); !strings.Contains(got.stderr, "key 1 is not the base64 of 32 bytes") || strings.Contains(got.stderr, "swordfish") {
		t.Errorf("a key that is none: %s", got.stderr)
	}
}

// The clear text of a secret is not to be found in what the processes say at
// their most talkative, on their command lines, or in any byte of the database.
func TestSecretsOfSourcesAreNowhere(t *testing.T) {
	const secret = "swordfish-4711"
	dir := t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "roster.db")
	options := `{"brand":"Chubb","code":"` + secret + `"}`
	var seen strings.Builder
	say := func(code int, stdin string, args ...string) {
		t.Helper()
		cmd := roster(t.Context(), url, append(args, "--log-level=debug")...)
		cmd.Stdin = strings.NewReader(stdin)
		got := finish(t, cmd)
		if got.code != code {
			t.Errorf("roster %q: exit code %d, want %d\n%s", args, got.code, code, got.stderr)
		}
		fmt.Fprintln(&seen, cmd.Args, got.stdout, got.stderr)
	}
	say(exitDone, options, "sources", "add", "vault", "--type", "safe", "--options", "-")
	say(exitDone, options, "sources", "set", "vault", "--options", "-")
	say(exitFailed, `{"code":["`+secret+`"]}`, "sources", "set", "vault", "--options", "-")
	say(exitFailed, "", "sources", "test", "vault")
	say(exitDone, "", "sources", "show", "vault", "--json")
	say(exitDone, "", "sources")
	say(exitDone, "", "secrets", "rotate")
	call := func(id int, method, params string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", id, method, params)
	}
	say(exitDone, initialize+call(2, "sources/create", `{"name":"other","sourceType":"safe","options":`+options+`}`)+call(3, "sources/update", `{"name":"vault","options":`+options+`}`)+
		call(4, "sources/test", `{"draft":{"sourceType":"safe","options":`+options+`}}`)+call(5, "sources/list", `{}`)+
		call(6, "sources/create", `{"name":"bad","sourceType":"safe","options":{"brand":1,"code":["`+secret+`"]}}`), "stdio")
	if !strings.Contains(seen.String(), `"secretsSet":["/code"]`) {
		t.Errorf("no secret was set:\n%s", seen.String())
	}
	if strings.Contains(seen.String(), secret) {
		t.Errorf("the secret was said:\n%s", seen.String())
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("ReadDir() = %v, %v, want the database and its key", files, err)
	}
	for _, file := range files {
		if raw, err := os.ReadFile(filepath.Join(dir, file.Name())); err != nil || bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%s holds the secret, or cannot be read: %v", file.Name(), err)
		}
		if info, err := file.Info(); strings.HasSuffix(file.Name(), ".key") && runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
}
