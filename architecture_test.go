package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layers lists the rooms of the house in the order in which imports may go: a package imports packages of its own layer
// or of an earlier one. docs/architecture.md says why.
var layers = []string{"vec", "targets", "smc/diag", "smc/mcmc", "smc", "proto", "plugins", "host", "."}

// wireImports are the libraries of the process boundary, and wireRooms the only folders that may know them.
var (
	wireImports = []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/hashicorp/go-plugin"}
	wireRooms   = []string{"host/plugin", "plugins/sdk", "plugins/plugintest", "proto"}
)

const module = "github.com/sampan-mc/sampan"

// layerOf is the index of the most specific layer that holds the package in folder dir.
func layerOf(dir string) int {
	best := -1
	for i, l := range layers {
		if in(dir, l) && (best < 0 || len(l) > len(layers[best])) {
			best = i
		}
	}
	return best
}

func in(dir, room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") }

// violation names what is wrong with package dir importing path, or is empty.
func violation(dir, path string) string {
	for _, w := range wireImports {
		if in(path, w) {
			for _, r := range wireRooms {
				if in(dir, r) {
					return ""
				}
			}
			return "only " + strings.Join(wireRooms, ", ") + " may import " + w
		}
	}
	if !in(path, module) || path == module {
		return ""
	}
	to := strings.TrimPrefix(path, module+"/")
	switch from := layerOf(dir); {
	case layerOf(to) < 0:
		return to + " is in none of the rooms " + strings.Join(layers, ", ")
	case from < layerOf(to):
		return "imports go " + strings.Join(layers, " ← ")
	case in(to, "host") && !in(dir, "host") && dir != ".":
		return "only main.go imports host"
	}
	return ""
}

func TestImportsGoOneWay(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if n := e.Name(); n == "build" || n == "testdata" || (n != "." && strings.HasPrefix(n, ".")) {
				return filepath.SkipDir
			}
			if file != "." && exists(file, "go.mod") {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			path, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			checked++
			if why := violation(filepath.ToSlash(filepath.Dir(file)), path); why != "" {
				t.Errorf("%s imports %s: %s", file, path, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Fatalf("only %d imports seen: the walk is wrong", checked)
	}
}

func exists(dir, name string) bool {
	m, _ := filepath.Glob(filepath.Join(dir, name))
	return len(m) > 0
}

// TestImportRuleBites holds the rule itself to account.
func TestImportRuleBites(t *testing.T) {
	for _, c := range []struct {
		dir, path string
		ok        bool
	}{
		{"smc", module + "/targets", true},
		{"smc", module + "/smc/mcmc", true},
		{"smc/diag", module + "/smc", false},
		{"targets", module + "/smc/diag", false},
		{"vec/rng", module + "/targets", false},
		{"plugins/sdk", module + "/host/plugin", false},
		{"host/run", module + "/host/plugin", true},
		{"host/run", "google.golang.org/grpc/status", false},
		{"host/plugin", "google.golang.org/grpc/status", true},
		{"smc", module + "/utilities", false},
	} {
		if why := violation(c.dir, c.path); (why == "") != c.ok {
			t.Errorf("%s importing %s: %q, want allowed = %v", c.dir, c.path, why, c.ok)
		}
	}
}
