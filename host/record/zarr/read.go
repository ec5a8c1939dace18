package zarr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Read reads a store that Write has written. Groups and arrays come in order of their names.
func Read(dir string) (*Dataset, error) {
	d := &Dataset{}
	if err := readJSON(filepath.Join(dir, ".zattrs"), &d.Attrs); err != nil {
		return nil, err
	}
	names, err := children(dir, ".zgroup")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		g, err := readGroup(filepath.Join(dir, name), name)
		if err != nil {
			return nil, err
		}
		d.Groups = append(d.Groups, g)
	}
	return d, nil
}

func readGroup(dir, name string) (Group, error) {
	g := Group{Name: name}
	if err := readJSON(filepath.Join(dir, ".zattrs"), &g.Attrs); err != nil {
		return g, err
	}
	names, err := children(dir, ".zarray")
	if err != nil {
		return g, err
	}
	for _, name := range names {
		a, err := readArray(filepath.Join(dir, name), name)
		if err != nil {
			return g, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
		g.Arrays = append(g.Arrays, a)
	}
	return g, nil
}

func readArray(dir, name string) (Array, error) {
	a := Array{Name: name}
	var m metadata
	if err := readJSON(filepath.Join(dir, ".zarray"), &m); err != nil {
		return a, err
	}
	if err := readJSON(filepath.Join(dir, ".zattrs"), &a.Attrs); err != nil {
		return a, err
	}
	switch {
	case m.Format != format:
		return a, fmt.Errorf("zarr_format is %d, accepted is %d", m.Format, format)
	case m.Compressor != nil || m.Filters != nil:
		return a, fmt.Errorf("compressor is %v and filters are %v, accepted is neither", m.Compressor, m.Filters)
	case m.Order != "C":
		return a, fmt.Errorf("order is %q, accepted is C", m.Order)
	}
	n := 1
	key := make([]string, len(m.Shape))
	for i, size := range m.Shape {
		n *= size
		key[i] = "0"
		if m.Chunks[i] != max(size, 1) {
			return a, fmt.Errorf("chunks are %v of shape %v, accepted is one chunk", m.Chunks, m.Shape)
		}
	}
	if len(key) == 0 {
		key = []string{"0"}
	}
	if dims, ok := a.Attrs[dimensions].([]any); ok {
		for _, d := range dims {
			a.Dims = append(a.Dims, fmt.Sprint(d))
		}
		delete(a.Attrs, dimensions)
	}
	if len(a.Dims) != len(m.Shape) {
		return a, fmt.Errorf("%s names %d dimensions of %d", dimensions, len(a.Dims), len(m.Shape))
	}
	a.Shape = m.Shape
	var b []byte
	if n > 0 {
		var err error
		if b, err = os.ReadFile(filepath.Join(dir, strings.Join(key, "."))); err != nil {
			return a, err
		}
	}
	var err error
	a.Data, err = decode(m.DType, b, n)
	return a, err
}

// children are the folders in dir that hold a file of the given name, sorted.
func children(dir, mark string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), mark)); err == nil {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}

// readJSON reads a file into v; attributes may be missing.
func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Base(path) == ".zattrs" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
