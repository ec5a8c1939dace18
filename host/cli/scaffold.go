package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"

	"github.com/sampan-mc/sampan/host/run"
)

//go:embed scaffold
var scaffold embed.FS

const module = "github.com/sampan-mc/sampan"

type pluginNewCmd struct {
	Name string `arg:"" help:"Name of the plugin: letters, digits, - and _."`
	Lang string `enum:"go,python" default:"go" help:"Language: go or python."`
	Dir  string `placeholder:"DIR" help:"Folder to write; NAME if not given."`
}

// Run writes a plugin that works as it stands, and says how to try it.
func (c *pluginNewCmd) Run(std Streams) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(c.Name) {
		return &usageError{fmt.Sprintf("plugin name: found %q, accepted: small letters, digits, - and _, a letter first", c.Name)}
	}
	if c.Lang == "python" && strings.Contains(c.Name, "-") {
		return &usageError{fmt.Sprintf("plugin name: found %q, accepted for Python: a name without -, such as %q", c.Name, strings.ReplaceAll(c.Name, "-", "_"))}
	}
	dir := c.Dir
	if dir == "" {
		dir = c.Name
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return &usageError{fmt.Sprintf("%s: there is something in this folder already; accepted: a new or empty one", dir)}
	}
	s := scaffolding{Name: c.Name, Module: module, Checkout: checkout()}
	files := map[string]string{"run.toml": "run.toml.tmpl"}
	for _, f := range []string{"plugin.toml", "README.md"} {
		files[f] = c.Lang + "/" + f + ".tmpl"
	}
	files[".gitignore"] = c.Lang + "/gitignore.tmpl"
	if c.Lang == "go" {
		files["main.go"] = "go/main.go.tmpl"
	} else {
		files[c.Name+".py"] = "python/plugin.py.tmpl"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the plugin's folder: %w", err)
	}
	for name, tmpl := range files {
		text, err := s.fill(tmpl)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("write the plugin: %w", err)
		}
	}
	if c.Lang == "go" {
		if err := s.writeModule(dir); err != nil {
			return fmt.Errorf("write the plugin's go.mod: %w", err)
		}
	}
	fmt.Fprintf(std.Out, "wrote %s; try it:\n\n    %s\n", dir, s.command(c.Lang, dir))
	return nil
}

// scaffolding is what the templates may name.
type scaffolding struct {
	Name     string
	Module   string
	Checkout string // root of the checkout this program was built from; empty if it was installed
}

func (s scaffolding) fill(tmpl string) ([]byte, error) {
	text, err := scaffold.ReadFile("scaffold/" + tmpl)
	if err != nil {
		return nil, err
	}
	t, err := template.New(tmpl).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, s)
	return b.Bytes(), err
}

// command is what the user types next, in the folder where this program was started.
func (s scaffolding) command(lang, dir string) string {
	run := os.Args[0] + " run " + filepath.Join(dir, "run.toml")
	switch {
	case lang == "python":
		return run
	case s.Checkout == "":
		return fmt.Sprintf("(cd %s && go mod tidy && go build -o %s .) && %s", dir, s.Name, run)
	}
	return fmt.Sprintf("(cd %s && go build -o %s .) && %s", dir, s.Name, run)
}

// writeModule writes go.mod. From a checkout the plugin is built against it, with the very versions it was tested with,
// so that nothing need be looked up; from an installed program the released module is required, and `go mod tidy` finds
// the rest.
func (s scaffolding) writeModule(dir string) error {
	var f modfile.File
	if err := errors.Join(f.AddModuleStmt(s.Name), f.AddGoStmt(strings.TrimPrefix(runtime.Version(), "go"))); err != nil {
		return err
	}
	if s.Checkout == "" {
		if err := f.AddRequire(module, "v"+run.Version); err != nil {
			return err
		}
		return writeModFile(&f, dir)
	}
	text, err := os.ReadFile(filepath.Join(s.Checkout, "go.mod"))
	if err != nil {
		return err
	}
	own, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	if err := f.AddGoStmt(own.Go.Version); err != nil {
		return err
	}
	f.AddNewRequire(module, "v"+run.Version, false)
	for _, r := range own.Require {
		f.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
	}
	if err := f.AddReplace(module, "", s.Checkout, ""); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(s.Checkout, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644); err != nil {
		return err
	}
	return writeModFile(&f, dir)
}

func writeModFile(f *modfile.File, dir string) error {
	f.Cleanup()
	text, err := f.Format()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), text, 0o644)
}

// checkout is the root of the checkout that this program was built from, or empty: the folder of this source file, if it
// is still there, or one above the program itself.
func checkout() string {
	var starts []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && modfile.ModulePath(text) == module {
				return dir
			}
		}
	}
	return ""
}
