package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/smc"
)

// An artefact is a folder with what a transport learned: its files, and a manifest that says where they come from. It
// lies in the folder of the run or training that made it.
const (
	artefactFolder = "artefact"
	manifestFile   = "artefact.json"
	manifestSchema = "sampan.artefact.v1"
)

// manifest is artefact.json.
type manifest struct {
	Schema    string         `json:"schema"`
	Version   string         `json:"version"` // of Sampan
	Created   time.Time      `json:"created"`
	Seed      int            `json:"seed"`
	Target    artefactTarget `json:"target"`
	Transport provenance     `json:"transport"`
	Config    any            `json:"config"` // of the transport
	Pilot     evals          `json:"pilot"`
	Training  learnt         `json:"training"`
	Files     []artefactFile `json:"files"`
}

type artefactTarget struct {
	Name   string `json:"name"`
	Dim    int    `json:"dim"`
	Config any    `json:"config"`
}

func (t artefactTarget) String() string {
	if text := configText(t.Config); text != "{}" {
		return t.Name + " " + text
	}
	return t.Name
}

// configText is a configuration in one line, the same for equal ones.
func configText(config any) string {
	text, err := json.Marshal(config)
	if err != nil || string(text) == "null" {
		return "{}"
	}
	return string(text)
}

func (t artefactTarget) same(as artefactTarget) bool {
	return t.Dim == as.Dim && t.String() == as.String()
}

type artefactFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// learnt says how a training went.
type learnt struct {
	Steps    int      `json:"steps"`
	Evals    evals    `json:"evals"`
	Stopped  string   `json:"stopped,omitempty"` // why early
	Warnings []string `json:"warnings"`
}

type evals struct {
	Density  int64 `json:"density"`
	Gradient int64 `json:"gradient"`
}

// Sum is all of them.
func (e evals) Sum() int64 { return e.Density + e.Gradient }

// hash is a short name of what was learned.
func (m *manifest) hash() string {
	h := sha256.New()
	for _, f := range m.Files {
		fmt.Fprintf(h, "%s %s\n", f.SHA256, f.Name)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// files lists the artefact's files with their hashes, in order.
func artefactFiles(files []smc.File) ([]artefactFile, error) {
	var out []artefactFile
	for _, f := range files {
		taken := []string{manifestFile, evaluationFile, pictureFile}
		if f.Name != filepath.Base(f.Name) || slices.Contains(taken, f.Name) || f.Name == "." || f.Name == ".." {
			return nil, fmt.Errorf("artefact: file name %q found; accepted: plain names other than %s", f.Name, strings.Join(taken, ", "))
		}
		sum := sha256.Sum256(f.Data)
		out = append(out, artefactFile{f.Name, hex.EncodeToString(sum[:])})
	}
	return out, nil
}

// writeArtefact writes an artefact into the folder of the session, the manifest last: a folder that has one is whole.
func (s *session) writeArtefact(m *manifest, files []smc.File) error {
	if err := os.MkdirAll(s.folder.Path(artefactFolder), 0o755); err != nil {
		return fmt.Errorf("artefact: %w", err)
	}
	for _, f := range files {
		if err := s.folder.WriteFile(filepath.Join(artefactFolder, f.Name), f.Data); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("artefact: %w", err)
	}
	return s.folder.WriteFile(filepath.Join(artefactFolder, manifestFile), append(text, '\n'))
}

// readArtefact reads the artefact at path, which is its folder, or that of the run or training that made it. The error Is
// fs.ErrNotExist if there is none.
func readArtefact(path string) (*manifest, []smc.File, error) {
	if _, err := os.Stat(filepath.Join(path, artefactFolder, manifestFile)); err == nil {
		path = filepath.Join(path, artefactFolder)
	}
	where := filepath.Join(path, manifestFile)
	text, err := os.ReadFile(where)
	if err != nil {
		return nil, nil, err
	}
	m := &manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, nil, fmt.Errorf("%s: not the manifest of an artefact: %w; make it anew", where, err)
	}
	if m.Schema != manifestSchema {
		return nil, nil, fmt.Errorf("%s: schema %q found; accepted: %q", where, m.Schema, manifestSchema)
	}
	var files []smc.File
	for _, f := range m.Files {
		if f.Name != filepath.Base(f.Name) {
			return nil, nil, fmt.Errorf("%s: file name %q found; accepted: plain names", where, f.Name)
		}
		data, err := os.ReadFile(filepath.Join(path, f.Name))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: the manifest lists a file that cannot be read: %v; make the artefact anew", path, err)
		}
		files = append(files, smc.File{Name: f.Name, Data: data})
	}
	have, err := artefactFiles(files)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(have, m.Files) {
		return nil, nil, errors.New(path + ": the artefact's files are not those that its manifest lists; make it anew")
	}
	return m, files, nil
}

// ownArtefact has a run that is taken up again use the copy in its folder of the artefact that was given, if it came so far:
// the given one may be gone since, or another.
func ownArtefact(c *config.Run, dir string) error {
	p := c.Sampler.Population
	if p == nil || p.Transport == nil || p.Transport.Artefact == "" {
		return nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the run folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, artefactFolder, manifestFile)); err == nil {
		p.Transport.Artefact = dir
	}
	return nil
}
