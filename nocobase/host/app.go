package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Version is the NocoBase that the tests are about.
const Version = "2.2.15"

// patience is how long an installation may take where nothing is cached.
const patience = 15 * time.Minute

// An App is a folder with NocoBase and all it needs. It is only read, so any
// number of servers run from one.
type App struct{ dir string }

// Install gives the app in the user's cache, and puts it there first if it is
// not. Processes that do so at once wait for each other.
func Install(tb testing.TB) App {
	tb.Helper()
	if dir := os.Getenv("ROSTER_TEST_NOCOBASE"); dir != "" {
		return App{dir}
	}
	dir, err := install(tb.Context())
	if err != nil {
		tb.Fatalf("install NocoBase %s: %v", Version, err)
	}
	return App{dir}
}

func install(ctx context.Context) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "roster", "nocobase-"+Version)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(home, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	dir, complete := filepath.Join(home, "app"), filepath.Join(home, "complete")
	if _, err := os.Stat(complete); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil { // what an installation that broke off left
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := download(ctx, home); err != nil {
		return "", err
	}
	return dir, os.WriteFile(complete, nil, 0o644)
}

// download makes the folder app in home.
func download(ctx context.Context, home string) error {
	err := command(ctx, home, "npx", "--yes", "create-nocobase-app@"+Version, "app", "-d", "postgres", "--skip-dev-dependencies")
	if err != nil {
		return err
	}
	app := filepath.Join(home, "app")
	if err := pin(filepath.Join(app, "package.json")); err != nil {
		return err
	}
	return command(ctx, app, "npx", "--yes", "yarn@1", "install", "--ignore-engines", "--non-interactive", "--network-timeout", "600000")
}

// pin has a package come from the registry that would come from a server of its own.
func pin(manifest string) error {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	resolutions, ok := members["resolutions"].(map[string]any)
	if !ok {
		resolutions = map[string]any{}
		members["resolutions"] = resolutions
	}
	resolutions["xlsx"] = "0.18.5"
	if text, err = json.MarshalIndent(members, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(manifest, text, 0o644)
}

// command runs a program to its end; when the context ends, so do all that it
// has started.
func command(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: Node.js 18 or newer is needed, with npm (apt-get install nodejs npm)", err)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, tail(out))
	}
	return nil
}

// tail is the end of what a program said: the reason is there.
func tail(out []byte) []byte {
	const enough = 4 << 10
	return out[max(0, len(out)-enough):]
}
