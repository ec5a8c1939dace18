package run

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// provenance is an entry of plugins.json: what a component was made of.
type provenance struct {
	Kind            string   `json:"kind"`
	Name            string   `json:"name"`
	Version         string   `json:"version"`
	SDK             string   `json:"sdk"`
	Source          string   `json:"source"`
	Command         []string `json:"command"`
	Hash            string   `json:"hash"` // h1: hash of the plugin's files; empty for built-ins
	BatchDependent  bool     `json:"batch_dependent"`
	NotReproducible bool     `json:"not_reproducible"`
}

func (c *Component) provenance() (provenance, error) { return provenanceOf("target", c.Facts, c.Files) }

func (c *carrier) provenance() (provenance, error) {
	return provenanceOf("transport", c.facts, c.files)
}

func provenanceOf(kind string, f plugin.Facts, files []string) (provenance, error) {
	hash, err := contentHash(files)
	if err != nil {
		return provenance{}, fmt.Errorf("hash the files of plugin %s: %w", f.Name, err)
	}
	return provenance{kind, f.Name, f.Version, f.SDK, f.Source, f.Command, hash, f.BatchDependent, f.NotReproducible}, nil
}

// provenances are those of the target and, if there is one, of the transport.
func (s *session) provenances() ([]provenance, error) {
	p, err := s.target.provenance()
	out := []provenance{p}
	if err == nil && s.carrier != nil {
		p, err = s.carrier.provenance()
		out = append(out, p)
	}
	return out, err
}

// writePlugins writes plugins.json.
func (s *session) writePlugins() error {
	all, err := s.provenances()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return s.folder.WriteFile(record.PluginsFile, append(text, '\n'))
}

// comparePlugins warns if the plugin is no longer the one that the run began with. It may have been mended for the
// better, so that is no error.
func (s *session) comparePlugins() error {
	now, err := s.provenances()
	if err != nil {
		return err
	}
	text, err := s.folder.ReadFile(record.PluginsFile)
	if err != nil {
		return err
	}
	var before []provenance
	if err := json.Unmarshal(text, &before); err != nil || len(before) != len(now) {
		return fmt.Errorf("%s: not what this program writes: %w", s.folder.Path(record.PluginsFile), err)
	}
	for i, is := range now {
		if was := before[i]; was.Hash == is.Hash && was.Version == is.Version {
			continue
		}
		s.findings = append(s.findings, mcmc.Finding{Code: "plugin-changed", Text: fmt.Sprintf(
			"plugin %s has changed since the run began: the results come from both versions", is.Name)})
		if err := s.folder.Event("plugin-changed", record.Fields{"plugin": is.Name, "hash": is.Hash, "version": is.Version}); err != nil {
			return err
		}
	}
	return nil
}

// contentHash is the h1: hash over files, by their base names; empty if there are none.
func contentHash(files []string) (string, error) {
	if len(files) == 0 {
		return "", nil
	}
	byName := map[string]string{}
	var names []string
	for _, f := range files {
		name := filepath.Base(f)
		if _, twice := byName[name]; twice {
			name = filepath.ToSlash(f)
		}
		byName[name] = f
		names = append(names, name)
	}
	return dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return os.Open(byName[name]) })
}
