package schematest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// A home is the folder of a cluster and the account that owns it. PostgreSQL
// refuses to run as root, so as root it belongs to somebody else.
type home struct {
	dir     string
	account *syscall.Credential // nil: ours
}

func newHome() (*home, error) {
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "roster-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the cluster: %w", err)
	}
	if account != nil {
		err = os.Chown(dir, int(account.Uid), int(account.Gid))
	}
	if err != nil {
		os.Remove(dir)
		return nil, fmt.Errorf("give the folder of the cluster away: %w", err)
	}
	return &home{dir: dir, account: account}, nil
}

// unprivileged gives the account to run the server as: nil unless we are root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find an account for the server, which refuses to run as root: %w", err)
	}
	return credential(u)
}

func credential(u *user.User) (*syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (h *home) data() string { return filepath.Join(h.dir, "data") }
func (h *home) log() string  { return filepath.Join(h.dir, "log") }

// url names the maintenance database by the socket in the folder.
func (h *home) url() url.URL {
	query := url.Values{"host": {h.dir}, "sslmode": {"disable"}}
	return url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}
}

// command prepares a program that runs as the account, in the folder, out of
// reach of a terminal's signals and of the settings of the one who runs the tests.
func (h *home) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.account, Setsid: true}
	return cmd
}
