package zarr

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func write(path string, data []byte) error { return os.WriteFile(path, data, 0o600) }

func sample() *Dataset {
	return &Dataset{
		Attrs: Attrs{"title": "test"},
		Groups: []Group{{
			Name: "posterior", Attrs: Attrs{"n": 2.0},
			Arrays: []Array{
				{Name: "flag", Dims: []string{"row"}, Shape: []int{2}, Data: []bool{true, false}},
				{Name: "label", Dims: []string{"col"}, Shape: []int{3}, Data: []string{"a", "θ[0]", ""}},
				{Name: "lineage", Dims: []string{"col"}, Shape: []int{3}, Data: []int32{0, -1, 7}},
				{Name: "row", Dims: []string{"row"}, Shape: []int{2}, Data: []int64{0, 1}},
				{Name: "scalar", Dims: nil, Shape: []int{}, Data: []float64{4}},
				{Name: "x", Dims: []string{"row", "col"}, Shape: []int{2, 3}, Data: []float64{1, 2, 3, math.NaN(), math.Inf(-1), -0.5}, Attrs: Attrs{"unit": "m"}},
			},
		}},
	}
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a.zarr")
	if err := Write(dir, sample(), write); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestBytes holds the files to the format's text, https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html.
func TestBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a.zarr")
	if err := Write(dir, sample(), write); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := "\x00\x00\x00\x00\x00\x00\xf0\x3f" + "\x00\x00\x00\x00\x00\x00\x00\x40" + "\x00\x00\x00\x00\x00\x00\x08\x40" +
		"\x01\x00\x00\x00\x00\x00\xf8\x7f" + "\x00\x00\x00\x00\x00\x00\xf0\xff" + "\x00\x00\x00\x00\x00\x00\xe0\xbf"
	if got := read("posterior/x/0.0"); string(got) != want {
		t.Errorf("chunk of x: %x", got)
	}
	if got := string(read("posterior/lineage/0")); got != "\x00\x00\x00\x00\xff\xff\xff\xff\x07\x00\x00\x00" {
		t.Errorf("chunk of lineage: %x", got)
	}
	if got := read("posterior/label/0"); len(got) != 3*4*4 || string(got[16:24]) != "\xb8\x03\x00\x00[\x00\x00\x00" {
		t.Errorf("chunk of label: %x", got)
	}
	if got := read("posterior/scalar/0"); len(got) != 8 {
		t.Errorf("chunk of a scalar: %x", got)
	}
	var meta map[string]any
	for name, want := range map[string]string{
		".zgroup":             `{"zarr_format": 2}`,
		".zattrs":             `{"title": "test"}`,
		"posterior/.zgroup":   `{"zarr_format": 2}`,
		"posterior/x/.zattrs": `{"_ARRAY_DIMENSIONS": ["row", "col"], "unit": "m"}`,
		"posterior/x/.zarray": `{"zarr_format": 2, "shape": [2, 3], "chunks": [2, 3], "dtype": "<f8", "compressor": null, "fill_value": "NaN",
			"order": "C", "filters": null, "dimension_separator": "."}`,
		"posterior/lineage/.zarray": `{"zarr_format": 2, "shape": [3], "chunks": [3], "dtype": "<i4", "compressor": null, "fill_value": null,
			"order": "C", "filters": null, "dimension_separator": "."}`,
		"posterior/scalar/.zarray": `{"zarr_format": 2, "shape": [], "chunks": [], "dtype": "<f8", "compressor": null, "fill_value": "NaN",
			"order": "C", "filters": null, "dimension_separator": "."}`,
	} {
		var w, got any
		if err := json.Unmarshal([]byte(want), &w); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(read(name), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, c := range []struct{ file, key string }{{".zmetadata", "posterior/x/.zarray"}, {"posterior/.zmetadata", "x/.zarray"}} {
		if err := json.Unmarshal(read(c.file), &meta); err != nil {
			t.Fatal(err)
		}
		all := meta["metadata"].(map[string]any)
		if meta["zarr_consolidated_format"] != 1.0 || all[c.key] == nil || all[".zgroup"] == nil {
			t.Errorf("%s lacks %s: %v", c.file, c.key, meta)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	one := func(a ...Array) *Dataset { return &Dataset{Groups: []Group{{Name: "g", Arrays: a}}} }
	ok := Array{Name: "x", Dims: []string{"n"}, Shape: []int{2}, Data: []float64{1, 2}}
	change := func(f func(a *Array)) Array {
		a := ok
		f(&a)
		return a
	}
	for what, d := range map[string]*Dataset{
		"slash":          one(change(func(a *Array) { a.Name = "a/b" })),
		"dot":            one(change(func(a *Array) { a.Name = ".x" })),
		"two values":     one(change(func(a *Array) { a.Shape = []int{2, 2}; a.Dims = []string{"n", "m"} })),
		"no dimension":   one(change(func(a *Array) { a.Dims = nil })),
		"type":           one(change(func(a *Array) { a.Data = []uint8{1, 2} })),
		"twice":          one(ok, ok),
		"two sizes":      one(ok, Array{Name: "y", Dims: []string{"n"}, Shape: []int{3}, Data: []float64{1, 2, 3}}),
		"dimension name": one(ok, Array{Name: "n", Dims: []string{"m"}, Shape: []int{1}, Data: []int64{0}}),
		"group":          {Groups: []Group{{Name: ""}}},
	} {
		if err := Write(filepath.Join(t.TempDir(), "a.zarr"), d, write); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for what, change := range map[string]struct{ old, new string }{
		"compressor": {`"compressor": null`, `"compressor": {"id": "blosc"}`},
		"order":      {`"order": "C"`, `"order": "F"`},
		"chunks":     {"\"chunks\": [\n    2,", "\"chunks\": [\n    1,"},
		"type":       {`"<f8"`, `">f8"`},
		"format":     {`"zarr_format": 2`, `"zarr_format": 3`},
		"length":     {`"<f8"`, `"<i4"`},
	} {
		dir := filepath.Join(t.TempDir(), "a.zarr")
		if err := Write(dir, sample(), write); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "posterior", "x", ".zarray")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(b), change.old, change.new, 1)
		if changed == string(b) {
			t.Fatalf("%s: nothing to change in %s", what, b)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "x") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
