package chain

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// TestMover: particles moved in one go or in two, alone or with others, end at the same points with the same ratios, and
// their mean weight is Z.
func TestMover(t *testing.T) {
	const n = 1 << 14
	for name, spec := range specs(2) {
		c, w := random[float64](shape(spec, true), "mlp", .1)
		target := Target[float64](wavy[float64]{})
		b := batch(spec, c, 64, target)
		m := NewMover(b.Sampler, w, 64, target, 0)
		key := rng.NewKey(4, "move", 0)
		y, ratio, again, part := make([]float64, 2*n), make([]float64, n), make([]float64, 2*n), make([]float64, n)
		rng.NewKey(5, "start", 0).Normals(y, 0, 0, 0)
		lw := make([]float64, n)
		for i := range y {
			y[i] *= spec.Scale
			if !spec.Delta() {
				lw[i/2] += y[i]*y[i]/(2*spec.Scale*spec.Scale) + math.Log(2*math.Pi*spec.Scale*spec.Scale)/2
			}
		}
		copy(again, y)
		if err := m.Forward(y, ratio, 0, spec.K(), key, 0); err != nil {
			t.Fatal(err)
		}
		const from, to = 100, 205 // not whole tiles
		mine := again[2*from : 2*to]
		first, second := make([]float64, to-from), make([]float64, to-from)
		if err := m.Forward(mine, first, 0, 2, key, from); err != nil {
			t.Fatal(err)
		}
		if err := m.Forward(mine, second, 2, spec.K(), key, from); err != nil {
			t.Fatal(err)
		}
		for i := range first {
			part[i] = first[i] + second[i]
			if mine[2*i] != y[2*(from+i)] || math.Abs(part[i]-ratio[from+i]) > 1e-12*(1+math.Abs(part[i])) {
				t.Fatalf("%s: particle %d ends at %v with %v, and in two segments at %v with %v", name, from+i, y[2*(from+i)], ratio[from+i], mine[2*i], part[i])
			}
		}
		for i := range lw {
			for _, v := range y[2*i : 2*i+2] {
				lw[i] += -v*v/2 + math.Cos(2*v)/2
			}
			lw[i] += ratio[i]
		}
		if z := zScore(lw, 2*wavyLogZ); !spec.Continuous && math.Abs(z) > 4 { // false alarms: 6e-5 each
			t.Errorf("%s: the mean weight is %.1f standard errors off Z", name, z)
		}
	}
}

// TestBackward: from exact draws of the target the way back gives E[1/w] = 1/Z, with the ratios of the way there.
func TestBackward(t *testing.T) {
	const n = 1 << 15
	for name, spec := range specs(1) {
		if spec.Continuous {
			continue
		}
		s := shape(spec, true)
		s.Active = 1
		c, w := random[float64](s, "mlp", .1)
		target := Target[float64](gauss[float64]{.3, .8, 1.5})
		m := NewMover(batch(spec, c, 64, target).Sampler, w, 64, target, 0)
		y, ratio, lw := make([]float64, n), make([]float64, n), make([]float64, n)
		rng.NewKey(6, "target", 0).Normals(y, 0, 0, 0)
		for i := range y {
			lw[i] = -(1.5 - y[i]*y[i]/2 - math.Log(.8) - math.Log(2*math.Pi)/2)
			y[i] = .3 + .8*y[i]
		}
		if err := m.Backward(y, ratio, spec.K(), 0, rng.NewKey(7, "back", 0), 0); err != nil {
			t.Fatal(err)
		}
		for i, v := range y {
			lw[i] -= ratio[i]
			if spec.Delta() {
				if v != 0 {
					t.Fatalf("%s: particle %d ends at %v, wanted 0", name, i, v)
				}
				continue
			}
			lw[i] += -v*v/(2*spec.Scale*spec.Scale) - math.Log(2*math.Pi*spec.Scale*spec.Scale)/2
		}
		if z := zScore(lw, -1.5); math.Abs(z) > 4 { // false alarms: 6e-5 each
			t.Errorf("%s: the mean of 1/w is %.1f standard errors off 1/Z", name, z)
		}
	}
}

// TestMoverWidth: what becomes of a particle does not depend on how wide its tile is.
func TestMoverWidth(t *testing.T) {
	const n = 300
	for name, spec := range specs(2) {
		c, w := random[float32](shape(spec, true), "mlp", .1)
		target := Target[float32](wavy[float32]{})
		s := batch(spec, c, 64, target).Sampler
		var ends [2][]float64
		for i, p := range []int{64, 256} {
			y, ratio := make([]float64, 2*n), make([]float64, n)
			rng.NewKey(5, "start", 0).Normals(y, 0, 0, 0)
			if err := NewMover(s, w, p, target, 0).Forward(y, ratio, 0, spec.K(), rng.NewKey(4, "move", 0), 7); err != nil {
				t.Fatal(err)
			}
			ends[i] = append(y, ratio...)
		}
		if !slices.Equal(ends[0], ends[1]) {
			t.Errorf("%s: tiles of 64 and of 256 particles end differently", name)
		}
	}
}
