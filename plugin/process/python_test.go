package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// As those of Go, but as programs in Python go wrong.
func TestAnAdapterInPythonThatMisbehavesHarmsNobody(t *testing.T) {
	script, err := filepath.Abs(filepath.Join("testdata", "broken.py"))
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[string]string{
		"works":           "",
		"prints":          "",
		"raises":          "KeyError: 'userid'",
		"halves":          "not valid JSON",
		"forks-and-hangs": "",
		"escapes":         "", // holds the pipes open
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			y := &yard{T: t, folder: t.TempDir()}
			m := manifest(mode)
			m.Command = []string{"python3", script, mode}
			y.write(filepath.Join(mode, ManifestFile), m)
			y.enter()
			_, err := y.reads(mode)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want an error with %q", err, want)
			}
			began := time.Now()
			y.plugins.Close()
			if took := time.Since(began); took > 5*grace {
				t.Errorf("Close() took %v", took)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(script), "__pycache__")); err == nil {
				t.Error("running it has left files in its folder")
			}
		})
	}
}
