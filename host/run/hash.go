package run

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/dirhash"
)

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
