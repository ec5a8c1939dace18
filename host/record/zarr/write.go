package zarr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// metadata of an array, .zarray.
type metadata struct {
	Chunks     []int  `json:"chunks"`
	Compressor any    `json:"compressor"`
	DType      string `json:"dtype"`
	FillValue  any    `json:"fill_value"`
	Filters    any    `json:"filters"`
	Order      string `json:"order"`
	Shape      []int  `json:"shape"`
	Separator  string `json:"dimension_separator"`
	Format     int    `json:"zarr_format"`
}

const (
	format       = 2
	dimensions   = "_ARRAY_DIMENSIONS"
	consolidated = ".zmetadata"
)

// writer collects the metadata as it writes it, by path in the store.
type writer struct {
	dir   string
	write func(path string, data []byte) error
	all   map[string]json.RawMessage
}

// Write makes the store in folder dir, each file by write, which gets full paths. The folder must not hold a store yet.
func Write(dir string, d *Dataset, write func(path string, data []byte) error) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("zarr: %w", err)
	}
	w := writer{dir: dir, write: write, all: map[string]json.RawMessage{}}
	if err := w.group("", d.Attrs); err != nil {
		return err
	}
	for _, g := range d.Groups {
		if err := w.group(g.Name, g.Attrs); err != nil {
			return err
		}
		for _, a := range g.Arrays {
			if err := w.array(g.Name, a); err != nil {
				return err
			}
		}
		// xarray opens a group as a store of its own and looks for its metadata there.
		if err := w.consolidate(g.Name); err != nil {
			return err
		}
	}
	return w.consolidate("")
}

func (w *writer) group(name string, attrs Attrs) error {
	if err := os.MkdirAll(filepath.Join(w.dir, name), 0o777); err != nil {
		return err
	}
	if err := w.json(join(name, ".zgroup"), map[string]int{"zarr_format": format}); err != nil {
		return err
	}
	return w.attrs(name, attrs)
}

func (w *writer) array(group string, a Array) error {
	at := join(group, a.Name)
	if err := os.MkdirAll(filepath.Join(w.dir, at), 0o777); err != nil {
		return err
	}
	shape := append([]int{}, a.Shape...) // [] rather than null for a scalar
	chunks := make([]int, len(shape))
	key := make([]string, len(shape))
	for i, n := range shape {
		chunks[i] = max(n, 1)
		key[i] = "0"
	}
	if len(shape) == 0 {
		key = []string{"0"}
	}
	m := metadata{
		Chunks: chunks, DType: dtype(a.Data), FillValue: fillValue(a.Data), Order: "C", Shape: shape, Separator: ".", Format: format,
	}
	if err := w.json(join(at, ".zarray"), m); err != nil {
		return err
	}
	attrs := Attrs{dimensions: append([]string{}, a.Dims...)}
	for k, v := range a.Attrs {
		attrs[k] = v
	}
	if err := w.attrs(at, attrs); err != nil {
		return err
	}
	if dataLen(a.Data) == 0 {
		return nil
	}
	return w.write(filepath.Join(w.dir, at, strings.Join(key, ".")), encode(a.Data))
}

func (w *writer) attrs(at string, attrs Attrs) error {
	if attrs == nil {
		attrs = Attrs{}
	}
	return w.json(join(at, ".zattrs"), attrs)
}

func (w *writer) json(at string, v any) error {
	b, err := marshal(v)
	if err != nil {
		return fmt.Errorf("zarr: %s: %w", at, err)
	}
	w.all[at] = b
	return w.write(filepath.Join(w.dir, at), b)
}

// consolidate writes all metadata below a group into one file.
func (w *writer) consolidate(group string) error {
	below := map[string]json.RawMessage{}
	for at, m := range w.all {
		if group == "" {
			below[at] = m
		} else if rest, ok := strings.CutPrefix(at, group+"/"); ok {
			below[rest] = m
		}
	}
	b, err := marshal(map[string]any{"metadata": below, "zarr_consolidated_format": 1})
	if err != nil {
		return fmt.Errorf("zarr: %w", err)
	}
	return w.write(filepath.Join(w.dir, group, consolidated), b)
}

// marshal is JSON for people to read, with < as it is.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// join joins store paths, which have forward slashes everywhere.
func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "/" + b
}
