package tables

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// book is the outcomes on file beside the page, so that a run that ends early has lost nothing and one of a few rows leaves
// the others standing.
type book struct {
	mu       sync.Mutex
	page     string
	outcomes map[string]map[int]*outcome // by row and seed
}

// file is where the outcomes are.
func (b *book) file() string { return strings.TrimSuffix(b.page, ".md") + ".json" }

func openBook(page string) (*book, error) {
	b := &book{page: page, outcomes: map[string]map[int]*outcome{}}
	text, err := os.ReadFile(b.file())
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	return b, json.Unmarshal(text, &b.outcomes)
}

// enter adds an outcome, and writes file and page.
func (b *book) enter(o *outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.outcomes[o.Row] == nil {
		b.outcomes[o.Row] = map[int]*outcome{}
	}
	b.outcomes[o.Row][o.Seed] = o
	return b.save()
}

// save writes file and page.
func (b *book) save() error {
	text, err := json.MarshalIndent(b.outcomes, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.file(), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(b.page, b.write(), 0o644)
}

// of is a row's outcomes, by seed.
func (b *book) of(r row) (all []*outcome) {
	for seed := 1; len(all) < len(b.outcomes[r.name()]); seed++ {
		if o := b.outcomes[r.name()][seed]; o != nil {
			all = append(all, o)
		}
	}
	return all
}

// has tells whether a row's outcome for a seed is on file, and is no failure.
func (b *book) has(r row, seed int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.outcomes[r.name()][seed]
	return o != nil && o.Failed == ""
}
