package main_test

import (
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nocobase-roster/roster"

// A layer is a line of the drawing, the block marked "imports" in
// ARCHITECTURE.md: a package, an arrow, and the packages it may import
// directly, outside its tests. Packages are named by their folder, the root is
// "main", "*" stands for any one folder, and "nothing" names no package.
type layer struct {
	name    string
	imports []string
}

func TestImportsFollowTheDrawing(t *testing.T) {
	layers := readDrawing(t)
	for name, imports := range listImports(t) {
		i := slices.IndexFunc(layers, func(l layer) bool { return matches(l.name, name) })
		if i < 0 {
			t.Errorf("%s is not in the drawing: give it a line in ARCHITECTURE.md", name)
			continue
		}
		for _, imported := range imports {
			allowed := func(pattern string) bool { return matches(pattern, imported) }
			if !slices.ContainsFunc(layers[i].imports, allowed) {
				t.Errorf("%s imports %s, which the drawing in ARCHITECTURE.md does not allow", name, imported)
			}
		}
	}
}

func readDrawing(t *testing.T) []layer {
	t.Helper()
	doc, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```imports\n")
	block, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("ARCHITECTURE.md has no block marked imports")
	}
	var layers []layer
	for line := range strings.Lines(block) {
		name, imports, found := strings.Cut(line, "→")
		if !found {
			t.Fatalf("ARCHITECTURE.md: %q has no arrow", line)
		}
		layers = append(layers, layer{strings.TrimSpace(name), strings.Fields(imports)})
	}
	return layers
}

// listImports gives what each package of the module imports of the module.
func listImports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		var ours []string
		for _, p := range paths[1:] {
			if folder, ok := strings.CutPrefix(p, module+"/"); ok {
				ours = append(ours, folder)
			}
		}
		packages[folderOf(paths[0])] = ours
	}
	return packages
}

func folderOf(importPath string) string {
	if importPath == module {
		return "main"
	}
	return strings.TrimPrefix(importPath, module+"/")
}

func matches(pattern, folder string) bool {
	ok, _ := path.Match(pattern, folder)
	return ok
}
