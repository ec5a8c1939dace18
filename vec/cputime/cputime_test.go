package cputime

import (
	"strings"
	"testing"
	"time"
)

// TestRatio: the two go in turns, once more than is measured.
func TestRatio(t *testing.T) {
	var calls strings.Builder
	work := func(name string) func() {
		return func() {
			calls.WriteString(name)
			for start := Process(); Process()-start < time.Millisecond; {
			}
		}
	}
	ratio, seconds := Ratio(3, work("a"), work("b"))
	if calls.String() != "abababab" || !(ratio > 0) || !(seconds >= 1e-3) {
		t.Errorf("%q, ratio %g, %g s", calls.String(), ratio, seconds)
	}
}

func TestMedian(t *testing.T) {
	for want, of := range map[float64][]float64{2: {5, 1, 2}, 3: {5, 1, 2, 4}} {
		if got := median(of); got != want {
			t.Errorf("median of %v: %g, wanted %g", of, got, want)
		}
	}
}
