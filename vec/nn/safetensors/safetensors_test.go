package safetensors

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden.safetensors")

// golden is what testdata/golden.safetensors holds. Python's safetensors reads that file to the same values.
func golden() *File {
	return &File{
		Metadata: map[string]string{"format": "pt", "net": "ridge <é>"},
		Tensors: []Tensor{
			New("layer.0.kernel", []int{2, 3}, []float32{0, -1.5, 3e38, 1e-45, float32(math.Inf(1)), 7}),
			New("layer.0.bias", []int{3}, []float32{1, 2, 3}),
			New("scale", []int{}, []float64{math.Pi}),
			New("empty", []int{0, 4}, []float32{}),
		},
	}
}

const goldenFile = "testdata/golden.safetensors"

func TestGolden(t *testing.T) {
	var buf bytes.Buffer
	if err := Write(&buf, golden()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(goldenFile, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(buf.Bytes(), want) {
		t.Errorf("wrote\n%q, wanted\n%q", buf.Bytes(), want)
	}
	f, err := Read(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Metadata, golden().Metadata) || len(f.Tensors) != 4 {
		t.Fatalf("read %v and %d tensors", f.Metadata, len(f.Tensors))
	}
	for _, w := range golden().Tensors {
		g := f.Find(w.Name)
		if g == nil || g.DType != w.DType || !bytes.Equal(g.Data, w.Data) || len(g.Shape) != len(w.Shape) {
			t.Errorf("read %+v, wanted %+v", g, w)
		}
	}
	pi := make([]float32, 1)
	if err := Values(pi, f.Find("scale")); err != nil || pi[0] != math.Pi {
		t.Errorf("π is %v, error %v", pi, err)
	}
	if f.Find("nothing") != nil {
		t.Error("found a tensor that is not there")
	}
}

// raw is a file with that header and n bytes of data.
func raw(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestBadFiles(t *testing.T) {
	const ok = `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	if _, err := Read(bytes.NewReader(raw(ok, 8))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no header"},
		{"huge header", []byte("\xff\xff\xff\xff\xff\xff\xff\xff"), "is not one"},
		{"cut header", raw(ok, 0)[:20], "cut off"},
		{"cut data", raw(ok, 7), "ends at byte"},
		{"more data", raw(ok, 9), "1 bytes after"},
		{"two values", raw(ok+"1", 8), "more after"},
		{"no JSON", raw("hello", 0), "header"},
		{"hole", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "begins at byte 4"},
		{"overlap", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begins at byte 4"},
		{"backwards", raw(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,-4]}}`, 0), "ends at byte"},
		{"shape", raw(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "has 8 bytes, wanted 12"},
		{"negative", raw(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "shape [-2]"},
		{"overflow", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}`, 8), "shape"},
		{"type", raw(`{"a":{"dtype":"X","shape":[2],"data_offsets":[0,8]}}`, 8), "unknown type"},
		{"field", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8), "tensor \"a\""},
		{"metadata", raw(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
	} {
		if _, err := Read(bytes.NewReader(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, wanted one with %q", c.name, err, c.want)
		}
	}
	twice := &File{Tensors: []Tensor{New("a", []int{1}, []float32{1}), New("a", []int{1}, []float32{1})}}
	if err := Write(&bytes.Buffer{}, twice); err == nil {
		t.Error("wrote two tensors of one name")
	}
	if err := Write(&bytes.Buffer{}, &File{Tensors: []Tensor{New("a", []int{2}, []float32{1})}}); err == nil {
		t.Error("wrote a tensor that does not fit its shape")
	}
	half := Tensor{Name: "h", DType: "F16", Shape: []int{1}, Data: []byte{0, 0}}
	if err := Values(make([]float32, 1), &half); err == nil {
		t.Error("took a half for a float")
	}
}

// FuzzRead: whatever Read accepts, Write writes so that Read finds the same tensors again.
func FuzzRead(f *testing.F) {
	file, err := os.ReadFile(goldenFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if err := Write(&buf, first); err != nil {
			t.Fatal(err)
		}
		second, err := Read(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if len(first.Tensors) != len(second.Tensors) {
			t.Fatalf("%d tensors became %d", len(first.Tensors), len(second.Tensors))
		}
		for _, w := range first.Tensors {
			if g := second.Find(w.Name); g == nil || !bytes.Equal(g.Data, w.Data) || g.DType != w.DType {
				t.Fatalf("%+v became %+v", w, g)
			}
		}
	})
}
