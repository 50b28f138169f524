package schematest

import (
	"cmp"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var errNotInstalled = errors.New("PostgreSQL is not installed: " +
	"apt-get install postgresql (brew install postgresql@17), or name a server in ROSTER_TEST_POSTGRES")

// binaries finds the folder of PostgreSQL's programs: where the PATH has them,
// the newest that a Linux distribution installed, or where pg_config says.
func binaries() (string, error) {
	for _, dir := range slices.Concat(inPath(), installed("/usr/lib/postgresql"), configured()) {
		if complete(dir) {
			return dir, nil
		}
	}
	return "", errNotInstalled
}

func inPath() []string {
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return nil
	}
	real, err := filepath.EvalSymlinks(initdb) // a link to it does not have the others beside it
	if err != nil {
		return nil
	}
	return []string{filepath.Dir(real)}
}

// installed lists root/VERSION/bin, the newest version first.
func installed(root string) []string {
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "bin")) // the pattern is well-formed
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return dirs
}

// version reads the number in …/15/bin.
func version(dir string) float64 {
	v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64) // no number sorts last
	return v
}

func configured() []string {
	out, err := exec.Command("pg_config", "--bindir").Output()
	if err != nil {
		return nil
	}
	return []string{strings.TrimSpace(string(out))}
}

func complete(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
