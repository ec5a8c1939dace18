package record

import (
	"math"
	"testing"
)

// TestDigestCanonicalForm holds the form to a value computed elsewhere (Python's struct and hashlib).
func TestDigestCanonicalForm(t *testing.T) {
	d := NewDigest()
	d.Floats("x", []float64{1, -2.5, math.NaN(), math.Copysign(0, -1), math.Inf(-1), 3}, 2, 3)
	d.Ints("lineage", []int32{0, 7, -1})
	d.Count("density", 1<<40)
	if got := d.String(); got != goldenDigest {
		t.Errorf("%s, want %s", got, goldenDigest)
	}
}

func TestDigestTellsApart(t *testing.T) {
	of := func(f func(d *Digest)) string {
		d := NewDigest()
		f(d)
		return d.String()
	}
	seen := map[string]string{}
	for name, f := range map[string]func(d *Digest){
		"nothing":    func(d *Digest) {},
		"zero":       func(d *Digest) { d.Floats("x", []float64{0}) },
		"minus zero": func(d *Digest) { d.Floats("x", []float64{math.Copysign(0, -1)}) },
		"NaN":        func(d *Digest) { d.Floats("x", []float64{math.NaN()}) },
		"other name": func(d *Digest) { d.Floats("y", []float64{0}) },
		"2 by 3":     func(d *Digest) { d.Floats("x", make([]float64, 6), 2, 3) },
		"3 by 2":     func(d *Digest) { d.Floats("x", make([]float64, 6), 3, 2) },
		"split":      func(d *Digest) { d.Floats("x", make([]float64, 3)); d.Floats("x", make([]float64, 3)) },
		"ints":       func(d *Digest) { d.Ints("x", []int32{0, 0}) },
		"count":      func(d *Digest) { d.Count("x", 0) },
	} {
		got := of(f)
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s are alike", name, other)
		}
		seen[got] = name
	}
	payload := math.Float64frombits(0xfff8000000000123)
	if of(func(d *Digest) { d.Floats("x", []float64{payload}) }) != of(func(d *Digest) { d.Floats("x", []float64{math.NaN()}) }) {
		t.Error("NaNs differ by their payload")
	}
	long := make([]float64, 5000) // more than one buffer
	once := of(func(d *Digest) { d.Floats("x", long) })
	long[4999] = 1
	if once == of(func(d *Digest) { d.Floats("x", long) }) {
		t.Error("the last of many values does not count")
	}
}

const goldenDigest = "sha256:32323c1bfa1c2b2dc9f49b9104203b140f20c27e2378e7d03a4ea686b5503a78"
