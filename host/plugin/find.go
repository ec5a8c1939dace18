package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Spec is a plugin that has been found: what it is called and how it is started. Starting is Open's business, and asking
// it about itself Describe's.
type Spec struct {
	Name    string
	Version string   // empty until described, if there is no manifest
	Summary string   // the same
	Kinds   []string // target, transport, sampler; nil until described, if there is no manifest
	SDK     string   // once described

	Source  string   // folder or file, absolute; "built-in" for a target of this program
	Command []string // that serves it
	Dir     string   // where it is started; empty: the working directory
	Python  bool     // started by a Python interpreter
	Workers int      // processes, as the manifest says; 0: does not say
	PassEnv []string // variables it needs
	Files   []string // its content, absolute: what to hash

	Components []Component // once described
	Shadowed   []string    // plugins of the same name further down the search path

	describe []string // the command that describes it; nil: there is none
	manifest bool
}

// Component is one thing a plugin serves.
type Component struct {
	Kind    string
	Name    string
	Summary string
	Schema  json.RawMessage // JSON Schema of its configuration; empty: not stated
}

const pathForms = "a folder with a " + manifestName + ", a .py file, or an executable"

// executablePrefix begins the names of executables in the search path.
const executablePrefix = "sampan-plugin-"

// Find looks up a plugin. With a slash or an extension, use is a path, relative to o.Folder; else it is a name, looked up
// in the search path. What is found has not been started yet.
func Find(use string, o Options) (*Spec, error) {
	if isPath(use) {
		path := use
		if !filepath.IsAbs(path) {
			path = filepath.Join(o.Folder, path)
		}
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		return at(use, path, o)
	}
	if !validName.MatchString(use) {
		return nil, &UseError{use, "no name and no path", "letters, digits, dots, - and _; or a path, with a slash or an extension"}
	}
	var first *Spec
	for _, dir := range searchPath(o) {
		for _, path := range []string{filepath.Join(dir, use), filepath.Join(dir, executablePrefix+use+exeSuffix)} {
			if !holdsPlugin(path) {
				continue
			}
			if first != nil {
				first.Shadowed = append(first.Shadowed, path)
				continue
			}
			s, err := at(use, path, o)
			if err != nil {
				return nil, err
			}
			first = s
		}
	}
	if first == nil {
		return nil, &UseError{use, "no plugin of that name in " + strings.Join(searchPath(o), ", "), "a plugin's name; or a path, with a slash or an extension"}
	}
	return first, nil
}

// Builtin is the built-in target of that name, to be served by a process of this program.
func Builtin(name string, o Options) (*Spec, error) { return builtin(name, "target", o) }

// BuiltinTransport is Builtin for a transport: the plugin "diffusion".
func BuiltinTransport(name string, o Options) (*Spec, error) { return builtin(name, "transport", o) }

func builtin(name, kind string, o Options) (*Spec, error) {
	self := o.Self
	if self == "" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("serve %s in its own process: %w", name, err)
		}
	}
	return &Spec{Name: name, Kinds: []string{kind}, Source: "built-in", Command: []string{self, "plugin", "serve", name}}, nil
}

// List finds all plugins in the search path, those that are shadowed left out. The errors are of plugins that are there
// but broken.
func List(o Options) ([]*Spec, []error) {
	var specs []*Spec
	var faults []error
	have := map[string]*Spec{}
	for _, dir := range searchPath(o) {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			faults = append(faults, err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if !holdsPlugin(path) {
				continue
			}
			s, err := at(path, path, o)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			if first := have[s.Name]; first != nil {
				first.Shadowed = append(first.Shadowed, path)
				continue
			}
			have[s.Name] = s
			specs = append(specs, s)
		}
	}
	return specs, faults
}

func isPath(use string) bool { return strings.ContainsAny(use, `/\`) || filepath.Ext(use) != "" }

// searchPath lists the folders in which names are looked up, the first hit winning. PATH is not among them: a run must
// be reproducible.
func searchPath(o Options) []string {
	dirs := append([]string{}, o.Dirs...)
	dirs = append(dirs, filepath.SplitList(os.Getenv("SAMPAN_PLUGIN_PATH"))...)
	dirs = append(dirs, filepath.Join(o.Folder, "plugins"))
	data := os.Getenv("XDG_DATA_HOME")
	if home, err := os.UserHomeDir(); data == "" && err == nil {
		data = filepath.Join(home, ".local", "share")
	}
	if data != "" {
		dirs = append(dirs, filepath.Join(data, "sampan", "plugins"))
	}
	var out []string
	for _, d := range dirs {
		if d == "" {
			continue
		}
		if abs, err := filepath.Abs(d); err == nil {
			out = append(out, abs)
		}
	}
	return out
}

// holdsPlugin reports whether path, an entry of the search path, claims to be a plugin.
func holdsPlugin(path string) bool {
	if strings.HasPrefix(filepath.Base(path), executablePrefix) {
		st, err := os.Stat(path)
		return err == nil && executable(st)
	}
	_, err := os.Stat(filepath.Join(path, manifestName))
	return err == nil
}

var exeSuffix = map[bool]string{true: ".exe"}[runtime.GOOS == "windows"]

func executable(st os.FileInfo) bool {
	if runtime.GOOS == "windows" {
		return st.Mode().IsRegular() && strings.EqualFold(filepath.Ext(st.Name()), ".exe")
	}
	return st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// at is the plugin at path, which is absolute.
func at(use, path string, o Options) (*Spec, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, &UseError{use, "nothing at " + path, pathForms}
	}
	if st.IsDir() {
		if _, err := os.Stat(filepath.Join(path, manifestName)); err != nil {
			return nil, &UseError{use, "a folder without a " + manifestName, pathForms}
		}
		m, err := readManifest(path)
		if err != nil {
			return nil, &UseError{use, "a faulty manifest: " + err.Error(), "a manifest as docs/protocol.md describes it"}
		}
		return m.spec(path, o)
	}
	s := &Spec{Source: path, Dir: filepath.Dir(path), Files: []string{path}}
	base := filepath.Base(path)
	switch {
	case filepath.Ext(path) == ".py":
		python, err := interpreter(o)
		if err != nil {
			return nil, &UseError{use, err.Error(), "a Python interpreter"}
		}
		s.Python = true
		s.Name = strings.TrimSuffix(base, ".py")
		s.Command = []string{python, "-m", "sampan", "serve", path}
		s.describe = []string{python, "-m", "sampan", "describe", path}
	case executable(st):
		s.Name = strings.TrimSuffix(strings.TrimPrefix(base, executablePrefix), exeSuffix)
		s.Command = []string{path, "serve"}
		s.describe = []string{path, "describe"}
	default:
		return nil, &UseError{use, "a file that is not executable", pathForms}
	}
	return s, nil
}
