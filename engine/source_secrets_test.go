package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// kept gives the options of a source as the database has them.
func (c *company) keptOptions(name string) string {
	c.Helper()
	return c.list(`SELECT CAST(options AS text) FROM {userDataSyncSources} WHERE name = ?`, name)[0]
}

// Secrets are encrypted in the row, each for its source and place, with another
// nonce each time.
func TestSecretsAreEncryptedAtRest(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("corp", "vault", `{"url":"https://a.example","token":"right-token","tenants":[{"id":"1","key":"hunter2"},{"id":"2"}]}`)
		want := regexp.MustCompile(`^\{"tenants":\[\{"id":"1","key":"roster:v1:[0-9a-f]{8}:[^"]+"\},\{"id":"2"\}\],"token":"roster:v1:[0-9a-f]{8}:[^"]+","url":"https://a.example"\}$`)
		first := c.keptOptions("corp")
		if !want.MatchString(first) {
			c.Errorf("the row has %s", first)
		}
		c.change("corp", draft("", "", `{"url":"https://a.example"}`))
		if second := c.keptOptions("corp"); strings.Contains(first, regexp.MustCompile(`"token":"[^"]+"`).FindString(second)) {
			c.Error("the same nonce again")
		}
		c.opens("corp", true)
	})
}

// A secret that is null or left out stays, one that is empty goes.
func TestASecretStaysUntilItIsSaidAnew(t *testing.T) {
	const whole = `{"url":"https://a.example","token":"right-token","login":{"user":"u","pass/word":"p"},"tenants":[{"id":"1","key":"k"},{"id":"2","key":"l"}]}`
	for _, now := range []struct {
		name, options string
		set           []string
	}{
		{"left out", `{"url":"https://b.example","login":{"user":"v"}}`, []string{"/login/pass~1word", "/token"}},
		{"null", `{"url":"https://b.example","token":null,"login":{"user":"v","pass/word":null}}`, []string{"/login/pass~1word", "/token"}},
		{"empty", `{"url":"https://b.example","token":"","login":{"user":"v","pass/word":""}}`, []string{}},
		{"said anew", `{"url":"https://b.example","token":"right-token"}`, []string{"/token"}},
		{"its object is gone", `{"url":"https://b.example"}`, []string{"/token"}},
		{"of an element that is what it was", `{"url":"https://b.example","tenants":[{"id":"1","key":null},{"id":"2"},{"id":"3"}]}`, []string{"/tenants/0/key", "/tenants/1/key", "/token"}},
		{"of an element that is another", `{"url":"https://b.example","tenants":[{"id":"2","key":null},{"id":"1","key":"k"}]}`, []string{"/tenants/1/key", "/token"}},
	} {
		t.Run(now.name, func(t *testing.T) {
			c := newCompany(t, schematest.Open(t, schematest.SQLite(t)))
			c.withVaults()
			c.create("corp", "vault", whole)
			got := c.change("corp", draft("", "", now.options))
			c.same("secrets that are set", got.SecretsSet, now.set...)
			c.opens("corp", slices.Contains(now.set, "/token"))
		})
	}
}

// What NocoBase has written in the clear is used, hidden all the same, and
// encrypted with the next change.
func TestASecretThatNocoBaseWroteIsOne(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.make("userDataSyncSources", `name, [sourceType], enabled, options`, `'corp', 'vault', true, `+c.db.JSON(`'{"url":"https://a.example","token":"right-token","login":{"user":"u","pass/word":""}}'`))
		c.opens("corp", true)
		s, err := c.engine.Source(c.Context(), "corp")
		if err != nil || strings.Contains(string(s.Options), "right-token") {
			c.Errorf("Source() = %s, %v", s.Options, err)
		}
		c.same("secrets that are set", s.SecretsSet, "/token")
		c.change("corp", draft("", "", `{"url":"https://a.example"}`))
		if kept := c.keptOptions("corp"); strings.Contains(kept, "right-token") {
			c.Errorf("the row has %s", kept)
		}
		c.opens("corp", true)
	})
}

// A ciphertext is of no use elsewhere: under another source, or in another place.
func TestASecretCannotBeMoved(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("a", "vault", `{"url":"https://a.example","token":"right-token"}`)
		c.create("b", "vault", `{"url":"https://a.example","token":"other-token"}`)
		c.hand(`UPDATE {userDataSyncSources} SET options = (SELECT options FROM {userDataSyncSources} WHERE name = 'a') WHERE name = 'b'`)
		_, err := c.engine.TestSource(c.Context(), "b", nil)
		c.wantFault(err, plugin.Config, "/options/token", "read the secret /token of source b: it cannot be decrypted: it was changed, or comes from another source or option (set the secret again)")
		moved := strings.Replace(c.keptOptions("a"), `{"token":`, `{"login":{"user":"u"},"token":`, 1)
		token := regexp.MustCompile(`roster:[^"]+`).FindString(moved)
		moved = strings.Replace(strings.Replace(moved, token, "right-token", 1), `"user":"u"`, `"user":"u","pass/word":"`+token+`"`, 1)
		c.hand(`UPDATE {userDataSyncSources} SET options = `+c.db.JSON("?")+` WHERE name = 'a'`, moved)
		_, err = c.engine.TestSource(c.Context(), "a", nil)
		c.wantFault(err, plugin.Config, "/options/login/pass~1word", "read the secret /login/pass~1word of source a: it cannot be decrypted: it was changed, or comes from another source or option (set the secret again)")
		c.change("b", draft("", "", `{"url":"https://a.example","token":"right-token"}`)) // which mends it
		c.opens("b", true)
	})
}

func TestWithoutAKeySecretsAreNotSaved(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.engine.SetKeys(nil)
		c.create("corp", "vault", `{"url":"https://a.example"}`)
		for _, err := range []error{
			second(c.engine.CreateSource(c.Context(), draft("other", "vault", `{"url":"https://a.example","token":"hunter2"}`))),
			second(c.engine.UpdateSource(c.Context(), "corp", draft("", "", `{"url":"https://a.example","token":"hunter2"}`))),
		} {
			c.wantFault(err, plugin.Config, "", "there is no key for secrets (make one with roster secrets new-key, keep it safe, "+
				"and give it in ROSTER_SECRET_KEY, or in a file that ROSTER_SECRET_KEY_FILE names)")
		}
		c.same("sources", c.list(`SELECT name, CAST(options AS text) FROM {userDataSyncSources}`), `corp {"url":"https://a.example"}`)
	})
}

// The first key encrypts, all decrypt; after a rotation the others can go.
func TestSecretsAreRotated(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		old, fresh := engine.NewKey(), engine.NewKey()
		c.engine.SetKeys(keysOf(c, old))
		c.create("a", "vault", `{"url":"https://a.example","token":"right-token","login":{"user":"u","pass/word":"p"}}`)
		c.create("b", "http-api", "")
		c.engine.SetKeys(keysOf(c, fresh+" , "+old))
		c.create("c", "vault", `{"url":"https://a.example","token":"right-token"}`)
		c.opens("a", true)
		rotated := func(want engine.Rotation) {
			c.Helper()
			if got, err := c.engine.RotateSecrets(c.Context()); err != nil || got != want {
				c.Errorf("RotateSecrets() = %+v, %v, want %+v", got, err, want)
			}
		}
		rotated(engine.Rotation{Sources: 1, Secrets: 2, Current: 1})
		rotated(engine.Rotation{Current: 3})
		c.engine.SetKeys(keysOf(c, fresh))
		c.opens("a", true)
		c.opens("c", true)
		c.engine.SetKeys(keysOf(c, old))
		_, err := c.engine.TestSource(c.Context(), "a", nil)
		if plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), "read the secret /login/pass~1word of source a: it cannot be decrypted: there is no key ") {
			c.Errorf("TestSource() with the old key = %v", err)
		}
	})
}

// One source whose secrets cannot be read does not keep others from a rotation.
func TestARotationGoesOnBesideASecretThatIsLost(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		for _, name := range []string{"a", "b", "c"} {
			c.create(name, "vault", `{"url":"https://a.example","token":"right-token"}`)
		}
		c.hand(`UPDATE {userDataSyncSources} SET options = (SELECT options FROM {userDataSyncSources} WHERE name = 'a') WHERE name = 'b'`)
		got, err := c.engine.RotateSecrets(c.Context())
		if want := (engine.Rotation{Current: 2}); got != want || plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), "/token of source b") {
			c.Errorf("RotateSecrets() = %+v, %v", got, err)
		}
	})
}

func TestKeysThatAreNone(t *testing.T) {
	for _, text := range []string{"", "hunter2", "aHVudGVyMg==", engine.NewKey() + ",hunter2", engine.NewKey() + ","} {
		_, err := engine.ParseKeys(text)
		if plugin.KindOf(err) != plugin.Config || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVu") {
			t.Errorf("ParseKeys(%q) = %v", text, err)
		}
	}
	dir := t.TempDir()
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"none":  {"\n# nothing\n", 0o600, "holds none"},
		"open":  {engine.NewKey(), 0o644, "may be read or written by others: its mode is 0644"},
		"wrong": {engine.NewKey() + "\nhunter2\n", 0o600, "key 2 is not the base64 of 32 bytes"},
		"right": {"# two\n" + engine.NewKey() + "\n\n" + engine.NewKey() + "\n", 0o600, ""},
	} {
		path := dir + "/" + name
		if err := errors.Join(os.WriteFile(path, []byte(file.text), file.mode), os.Chmod(path, file.mode)); err != nil {
			t.Fatal(err)
		}
		_, err := engine.ReadKeys(path)
		if (err == nil) != (file.want == "") || err != nil && (!strings.Contains(err.Error(), file.want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("ReadKeys(%s) = %v, want %q", name, err, file.want)
		}
	}
	if _, err := engine.ReadKeys(dir + "/not there"); plugin.KindOf(err) != plugin.Config {
		t.Errorf("ReadKeys() of no file = %v", err)
	}
}

// A database that is a file gets a key beside it with its first secret, and not
// before.
func TestAKeyIsMadeForTheFirstSecret(t *testing.T) {
	c := newCompany(t, schematest.Open(t, schematest.SQLite(t)))
	c.withVaults()
	path := t.TempDir() + "/roster.db.key"
	c.engine.SetKeys(engine.KeysAt(path))
	c.create("hr", "http-api", "")
	if _, err := os.Stat(path); err == nil {
		t.Error("a key was made for nothing")
	}
	c.create("corp", "vault", `{"url":"https://a.example","token":"right-token"}`)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file of the key: %v, %v", info, err)
	}
	c.engine.SetKeys(engine.KeysAt(path)) // as another process does
	c.opens("corp", true)
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("there are left %v", files)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.engine.SetKeys(engine.KeysAt(path))
	if _, err := c.engine.TestSource(t.Context(), "corp", nil); plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), "/token of source corp") {
		t.Errorf("TestSource() without the file = %v", err)
	}
}
