package snapshot

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func sample() []byte {
	w := NewWriter("test", 3, FingerprintOf([]byte("config")))
	w.Int(-7)
	w.Float(math.NaN())
	w.Floats([]float64{1, math.Inf(-1)})
	w.Floats(nil)
	w.Ints32([]int32{3, -4})
	w.Bool(true)
	w.String("pilot")
	return w.Bytes()
}

func read(b []byte) error {
	r, err := Open(b, "test", 3, FingerprintOf([]byte("config")))
	if err != nil {
		return err
	}
	n, f, v, none := r.Int(), r.Float(), r.Floats(), r.Floats()
	ints := make([]int32, 2)
	r.FillInts32(ints)
	flag, s := r.Bool(), r.String()
	if err := r.Close(); err != nil {
		return err
	}
	if n != -7 || f == f || !slices.Equal(v, []float64{1, math.Inf(-1)}) || none != nil || ints[1] != -4 || !flag || s != "pilot" {
		return errors.New("other values came back")
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	if err := read(sample()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sample(), sample()) {
		t.Error("equal values gave other bytes")
	}
}

func TestForeignAndDamaged(t *testing.T) {
	good := sample()
	if _, err := Open(good, "other", 3, FingerprintOf([]byte("config"))); err == nil {
		t.Error("another format was opened")
	}
	if _, err := Open(good, "test", 4, FingerprintOf([]byte("config"))); err == nil {
		t.Error("another version was opened")
	}
	if _, err := Open(good, "test", 3, FingerprintOf([]byte("other"))); !errors.Is(err, ErrForeign) {
		t.Errorf("another configuration: %v", err)
	}
	for cut := range good {
		if read(good[:cut]) == nil {
			t.Errorf("a snapshot cut to %d of %d bytes was read", cut, len(good))
		}
	}
	if read(append(slices.Clone(good), 0)) == nil {
		t.Error("a byte too many was not noticed")
	}
}

// FuzzRead: no bytes make the reader panic or allocate more than they could fill.
func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Fuzz(func(t *testing.T, b []byte) { _ = read(b) })
}
