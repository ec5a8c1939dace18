// Package safetensors reads and writes the file format of that name, by which nets trained here open in PyTorch, JAX and
// anything else that knows it, and theirs here. A file is
//
//	8 bytes     n, the length of the header, little-endian
//	n bytes     JSON: {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, …, "__metadata__": {…}}
//	the rest    the tensors' values, row-major, little-endian, end to end
//
// (https://huggingface.co/docs/safetensors). What it writes depends on the contents alone, so that equal nets are equal
// files. Reading trusts nothing: a file is either whole and consistent or an error.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

const (
	metadataKey = "__metadata__"
	maxHeader   = 100_000_000 // the limit of the reference implementation
	alignment   = 8
)

// Tensor is a named array. Data is as in the file; Values converts it.
type Tensor struct {
	Name  string
	DType string // "F32", "F64", and others that are carried along without a meaning
	Shape []int
	Data  []byte
}

// File is what a file holds: tensors in the order of their data, and strings that describe them.
type File struct {
	Tensors  []Tensor
	Metadata map[string]string
}

// Find returns the tensor of that name, or nil.
func (f *File) Find(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// Write writes f.
func Write(w io.Writer, f *File) error {
	header := map[string]any{}
	if len(f.Metadata) > 0 {
		header[metadataKey] = f.Metadata
	}
	at := 0
	for _, t := range f.Tensors {
		if _, dup := header[t.Name]; dup || t.Name == metadataKey {
			return fmt.Errorf("safetensors: two tensors are called %q", t.Name)
		}
		if err := t.check(); err != nil {
			return err
		}
		header[t.Name] = entry{t.DType, append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}}
		at += len(t.Data)
	}
	text, err := json.Marshal(header) // sorts names
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for len(text)%alignment != 0 {
		text = append(text, ' ')
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, t := range f.Tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// Read reads a file to its end.
func Read(r io.Reader) (*File, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, fmt.Errorf("safetensors: no header: %w", err)
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader {
		return nil, fmt.Errorf("safetensors: a header of %d bytes is not one", n)
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil || uint64(len(text)) < n {
		return nil, fmt.Errorf("safetensors: the header is cut off after %d of %d bytes", len(text), n)
	}
	f, ends, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	at := 0
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if ends[i] < at || ends[i] > len(data) {
			return nil, fmt.Errorf("safetensors: tensor %q ends at byte %d of %d", t.Name, ends[i], len(data))
		}
		t.Data = data[at:ends[i]:ends[i]]
		if err := t.check(); err != nil {
			return nil, err
		}
		at = ends[i]
	}
	if at != len(data) {
		return nil, fmt.Errorf("safetensors: %d bytes after the last tensor", len(data)-at)
	}
	return f, nil
}

// parse reads the header; tensors come in the order of their data, with where each one's ends.
func parse(text []byte) (*File, []int, error) {
	raw := map[string]json.RawMessage{}
	if err := strict(text, &raw); err != nil {
		return nil, nil, err
	}
	f := &File{}
	if m, ok := raw[metadataKey]; ok {
		if err := strict(m, &f.Metadata); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
		}
		delete(raw, metadataKey)
	}
	entries := make(map[string]entry, len(raw))
	for name, m := range raw {
		var e entry
		if err := strict(m, &e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries[name] = e
		f.Tensors = append(f.Tensors, Tensor{Name: name, DType: e.DType, Shape: e.Shape})
	}
	slices.SortFunc(f.Tensors, func(a, b Tensor) int {
		x, y := entries[a.Name].Offsets, entries[b.Name].Offsets
		for i := range x {
			if x[i] != y[i] {
				return x[i] - y[i]
			}
		}
		return bytes.Compare([]byte(a.Name), []byte(b.Name)) // both are empty
	})
	at, ends := 0, make([]int, len(f.Tensors))
	for i, t := range f.Tensors {
		e := entries[t.Name]
		if e.Offsets[0] != at {
			return nil, nil, fmt.Errorf("tensor %q begins at byte %d and not at %d", t.Name, e.Offsets[0], at)
		}
		at, ends[i] = e.Offsets[1], e.Offsets[1]
	}
	return f, ends, nil
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more after its end")
	}
	return nil
}
