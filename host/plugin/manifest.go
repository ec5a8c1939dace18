package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// manifestName is the file that makes a folder a plugin.
const manifestName = "plugin.toml"

// manifest is the content of plugin.toml.
type manifest struct {
	Name    string   `toml:"name"`
	Version string   `toml:"version"`
	Summary string   `toml:"summary"`
	Kinds   []string `toml:"kinds"`
	Command []string `toml:"command"`
	Workers int      `toml:"workers"`
	PassEnv []string `toml:"pass_env"`
	Files   []string `toml:"files"`
}

// kinds of components, as manifests and descriptions name them.
var kinds = []string{"target", "transport", "sampler"}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// readManifest reads folder/plugin.toml and reports everything that is wrong with it.
func readManifest(folder string) (*manifest, error) {
	path := filepath.Join(folder, manifestName)
	var m manifest
	meta, err := toml.DecodeFile(path, &m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var faults []error
	fault := func(key, found, accepted string) {
		faults = append(faults, fmt.Errorf("%s: %s: found %s; accepted: %s", path, key, found, accepted))
	}
	for _, k := range meta.Undecoded() {
		fault(k.String(), "an unknown key", "name, version, summary, kinds, command, workers, pass_env, files")
	}
	if !validName.MatchString(m.Name) {
		fault("name", fmt.Sprintf("%q", m.Name), "letters, digits, dots, - and _")
	}
	if len(m.Kinds) == 0 {
		fault("kinds", "none", strings.Join(kinds, ", "))
	}
	for _, k := range m.Kinds {
		if !slices.Contains(kinds, k) {
			fault("kinds", fmt.Sprintf("%q", k), strings.Join(kinds, ", "))
		}
	}
	if len(m.Command) == 0 {
		fault("command", "nothing", `the program and its arguments, ["{python}", "serve.py"]`)
	}
	if m.Workers < 0 {
		fault("workers", fmt.Sprint(m.Workers), "a number of processes, from 1")
	}
	return &m, errors.Join(faults...)
}

// spec turns the manifest of a folder into a plugin that can be started.
func (m *manifest) spec(folder string, o Options) (*Spec, error) {
	s := &Spec{
		Name: m.Name, Version: m.Version, Summary: m.Summary, Kinds: m.Kinds, Source: folder, Dir: folder,
		Workers: m.Workers, PassEnv: m.PassEnv, manifest: true,
	}
	for _, arg := range m.Command {
		if strings.Contains(arg, "{python}") {
			python, err := interpreter(o)
			if err != nil {
				return nil, &UseError{folder, err.Error(), "a Python interpreter"}
			}
			arg = strings.ReplaceAll(arg, "{python}", python)
			s.Python = true
		}
		s.Command = append(s.Command, strings.ReplaceAll(arg, "{folder}", folder))
	}
	if p := s.Command[0]; strings.ContainsAny(p, `/\`) && !filepath.IsAbs(p) {
		s.Command[0] = filepath.Join(folder, p)
	}
	s.Files = append(s.Files, filepath.Join(folder, manifestName))
	for _, pattern := range m.Files {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err == nil && len(found) == 0 {
			err = os.ErrNotExist
		}
		if err != nil {
			return nil, &UseError{folder, fmt.Sprintf("files has %q in %s: %v", pattern, manifestName, err), "patterns of files in the plugin's folder"}
		}
		s.Files = append(s.Files, found...)
	}
	return s, nil
}
