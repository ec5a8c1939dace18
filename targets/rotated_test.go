package targets

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

func TestHaarIsOrthogonal(t *testing.T) {
	for _, d := range []int{1, 2, 5, 61} {
		q := haar(d, 3)
		for i := range d {
			for j := range d {
				want := 0.0
				if i == j {
					want = 1
				}
				if got := dot(q[i*d:(i+1)*d], q[j*d:(j+1)*d]); !(math.Abs(got-want) <= 1e-14) {
					t.Errorf("dimension %d: rows %d and %d have product %v", d, i, j, got)
				}
			}
		}
	}
}

// TestHaarIsUniform: under the uniform law on O(3) the trace has mean 0 and second moment 1, its fourth 3. A matrix whose
// columns are drawn into the positive half spaces, what a factorisation with signs of its own gives, does not.
// The bound is five standard errors: a false alarm of 6e-7.
func TestHaarIsUniform(t *testing.T) {
	const n = 4000
	moments := func(twin bool) (z1, z2 float64) {
		s1, s2 := 0.0, 0.0
		for seed := range uint64(n) {
			q := haar(3, seed)
			trace := q[0] + q[4] + q[8]
			if twin {
				trace = math.Abs(q[0]) + math.Abs(q[4]) + math.Abs(q[8])
			}
			s1 += trace
			s2 += trace * trace
		}
		return s1 / math.Sqrt(n), (s2/n - 1) / math.Sqrt(2.0/n)
	}
	if z1, z2 := moments(false); math.Abs(z1) > 5 || math.Abs(z2) > 5 {
		t.Errorf("trace: %v standard errors off in the mean, %v in the square", z1, z2)
	}
	if z1, z2 := moments(true); math.Abs(z1) <= 5 || math.Abs(z2) <= 5 {
		t.Errorf("the wrong twin passes: %v, %v", z1, z2)
	}
}

// TestRotatedIsTheSameDensity: values, gradients in parts, draws, modes and what is known, through New and its wrappers.
func TestRotatedIsTheSameDensity(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"many_well_d5_m5_delta4", "random_mixture_d5_seed7", "conjugate_regression", "state_space_ar1_noise", "sonar"} {
		plain, err := New(name, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		turned, err := New(name, map[string]any{"rotation": int64(3)}, "")
		if err != nil {
			t.Fatal(err)
		}
		r, ok := As[*Rotated](Chunked(turned, 2, 2))
		if !ok {
			t.Fatalf("%s: As does not find the rotation", name)
		}
		in, was := turned.Info(), plain.Info()
		d := in.Dim()
		if in.Name != name+"_rotation3" || in.Params[0].Name != "z" || d != was.Dim() || in.Can != was.Can || in.Known.LogZ != was.Known.LogZ {
			t.Errorf("%s describes itself as %+v", name, in)
		}
		a, b := NewBatch(4, d, was.Can), NewBatch(4, d, was.Can)
		rng.NewKey(1, "points", 0).Normals(b.X, 0, 0, 0)
		for i := range 4 {
			r.forth(b.X[i*d:(i+1)*d], a.X[i*d:(i+1)*d])
		}
		for _, e := range []error{plain.Eval(ctx, a), turned.Eval(ctx, b)} {
			if e != nil {
				t.Fatal(e)
			}
		}
		back := make([]float64, d)
		for i := range 4 {
			near(t, name+": log density", b.LogP[i], a.LogP[i], 1e-15)
			for _, g := range [][2][]float64{{a.Grad, b.Grad}, {a.GradPrior, b.GradPrior}, {a.GradLik, b.GradLik}} {
				if g[0] == nil {
					continue
				}
				r.back(g[0][i*d:(i+1)*d], back)
				for j, want := range back {
					near(t, name+": gradient", g[1][i*d+j], want, 1e-15)
				}
			}
		}
		if s, ok := plain.(Sampler); ok {
			key := rng.NewKey(1, "draws", 0)
			for _, e := range []error{s.Sample(ctx, 2, 4, key, a.X), turned.(Sampler).Sample(ctx, 2, 4, key, b.X)} {
				if e != nil {
					t.Fatal(e)
				}
			}
			modes, turnedModes := ModesOf(plain), ModesOf(Chunked(turned, 2, 2))
			for i := range 4 {
				r.forth(b.X[i*d:(i+1)*d], back)
				for j, x := range back {
					near(t, name+": draw", x, a.X[i*d+j], 1e-14)
				}
				if modes == nil {
					continue
				}
				if m, n := modes.Mode(a.X[i*d:(i+1)*d]), turnedModes.Mode(b.X[i*d:(i+1)*d]); m != n {
					t.Errorf("%s: draw %d is of mode %d, rotated of mode %d", name, i, m, n)
				}
			}
		}
		if _, ok := turned.(PriorSampler); ok != was.PriorNormalised {
			t.Errorf("%s: draws of the prior: %v", name, ok)
		}
	}
}

// TestRotationIsReproducible pins two matrices: a seed in a run file must go on meaning the same density.
func TestRotationIsReproducible(t *testing.T) {
	for d, want := range map[int]string{
		2: "-0.353472658061 0.353472658061",
		5: "-0.092152692272 0.229595959374",
	} {
		q := haar(d, 3)
		if got := fmt.Sprintf("%.12f %.12f", q[0], q[d*d-1]); got != want {
			t.Errorf("dimension %d: first and last entry %s, wanted %s", d, got, want)
		}
	}
}

func TestRotateRefuses(t *testing.T) {
	d, err := New("conjugate_regression_noise", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(d, 1); err == nil {
		t.Error("a density with a positive parameter was rotated")
	}
}
