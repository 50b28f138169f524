package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The guides are followed word for word, in a folder of their own: what is marked
// sh is run, in one shell, what is marked with a file's name is written there,
// and each line of what is marked text is looked for in what the commands before
// it printed.
func TestTheGuidesCanBeFollowed(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(programs, "roster"), "..").CombinedOutput()
	if err != nil {
		t.Fatalf("build roster: %v\n%s", err, out)
	}
	for _, guide := range []string{"write-a-source.md", "write-a-target.md"} {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "docs", guide))
			if err != nil {
				t.Fatal(err)
			}
			follow(t, blocksOf(string(text)), programs)
		})
	}
}

// A block is what stands between fences in a guide.
type block struct{ language, file, text string }

func blocksOf(guide string) []block {
	var blocks []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+) ?([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(guide, -1) {
		blocks = append(blocks, block{m[1], m[2], m[3]})
	}
	return blocks
}

// follow does what the blocks say.
func follow(t *testing.T, blocks []block, programs string) {
	t.Helper()
	var script strings.Builder
	for i, b := range blocks {
		fmt.Fprintf(&script, "echo '=== %d'\n", i)
		switch {
		case b.language == "sh":
			script.WriteString(b.text)
		case b.file != "":
			fmt.Fprintf(&script, "cat > %s <<'END OF FILE'\n%sEND OF FILE\n", b.file, b.text)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail")
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(script.String())
	cmd.Env = []string{"PATH=" + programs + ":" + os.Getenv("PATH"), "HOME=" + cmd.Dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := strings.Split(string(out), "=== ")[1:]
	for i, b := range blocks {
		if b.language != "text" {
			continue
		}
		for line := range strings.Lines(b.text) {
			if !strings.Contains(said[i-1], strings.TrimSpace(line)) {
				t.Errorf("the commands before block %d printed\n%s\nwant in it\n%s", i, said[i-1], line)
			}
		}
	}
}
