package nn

import "testing"

// TestMirrored: even nets are even and odd ones odd, to the bit; by their other inputs they are not.
func TestMirrored(t *testing.T) {
	for name, sign := range map[string]float64{"even": 1, "odd": -1} {
		r := newRig(zoo[float64]()[name], 8)
		dim := r.net.(*Mirrored[float64]).Dim
		at := func() []float64 { return append([]float64(nil), r.pass.Forward(r.w, nil).Flat()...) }
		turn := func(from, to int) {
			for i := from; i < to; i++ {
				for j := range r.x.Row(i) {
					r.x.Row(i)[j] *= -1
				}
			}
		}
		there := at()
		turn(0, dim)
		for i, v := range at() {
			if v != sign*there[i] {
				t.Fatalf("%s: %g at x and %g at −x", name, there[i], v)
			}
		}
		turn(dim, r.net.In())
		if at()[0] == sign*there[0] {
			t.Errorf("%s: the net does not depend on its other inputs: this test tests nothing", name)
		}
	}
}
