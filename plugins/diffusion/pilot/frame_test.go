package pilot

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

func draws(t *testing.T, name string, config map[string]any, n int) (targets.Density, []float64) {
	t.Helper()
	d, err := targets.New(name, config, "")
	if err != nil {
		t.Fatal(err)
	}
	s, ok := d.(targets.Sampler)
	if !ok {
		t.Fatalf("%s has no exact draws", name)
	}
	x := make([]float64, n*d.Info().Dim())
	if err := s.Sample(context.Background(), 0, n, rng.NewKey(1, "draws", 0), x); err != nil {
		t.Fatal(err)
	}
	return d, x
}

func scores(t *testing.T, target targets.Density, x []float64) []float64 {
	t.Helper()
	g, err := Scores(context.Background(), target, x)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestProductFrame: the axes of a product target are found behind a rotation that nobody told of, active ones alone where
// most are Gaussian.
func TestProductFrame(t *testing.T) {
	for _, c := range []struct {
		name   string
		config map[string]any
		active int
	}{
		{"gmm9", map[string]any{"rotation": 3}, 2},
		{"many_well_d5_m5_delta4", map[string]any{"rotation": 3}, 5},
		{"many_well_d50_m5_delta2", map[string]any{"rotation": 3}, 5},
	} {
		target, x := draws(t, c.name, c.config, 4000)
		f, kind, err := Frame(context.Background(), target, x, scores(t, target, x), rng.NewKey(2, "frame", 0))
		if err != nil {
			t.Fatal(err)
		}
		if kind != Product || f.Active != c.active {
			t.Errorf("%s: a frame of kind %s with %d active coordinates, wanted %d", c.name, kind, f.Active, c.active)
			continue
		}
		y := make([]float64, len(x))
		f.ToY(y, x)
		var cov mat.SymDense
		m, err := momentsOf(y, f.Dim)
		if err != nil {
			t.Fatal(err)
		}
		cov = m.cov
		idle := f.Dim - f.Active
		for i := idle; i < f.Dim; i++ {
			if math.Abs(cov.At(i, i)-1) > 1e-9 {
				t.Errorf("%s: variance %g along axis %d", c.name, cov.At(i, i), i)
			}
		}
		q := make([]float64, len(x))
		f.Score(q, scores(t, target, x))
		for i, v := range y {
			if i%f.Dim < idle && math.Abs(v+q[i]) > 1e-6 {
				t.Fatalf("%s: coordinate %d is %g, its score %g, which for a standard normal are opposite", c.name, i%f.Dim, v, q[i])
			}
		}
	}
}

// TestWhiteFrame: what is no product in any rotation gets unit covariance.
func TestWhiteFrame(t *testing.T) {
	target, x := draws(t, "random_mixture_d5_seed7", nil, 4000)
	f, kind, err := Frame(context.Background(), target, x, scores(t, target, x), rng.NewKey(2, "frame", 0))
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, len(x))
	f.ToY(y, x)
	m, err := momentsOf(y, f.Dim)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Dim {
		for j := range f.Dim {
			want := 0.0
			if i == j {
				want = 1
			}
			if kind != White || math.Abs(m.cov.At(i, j)-want) > 1e-9 {
				t.Fatalf("kind %s, covariance %v", kind, mat.Formatted(&m.cov))
			}
		}
	}
}

func TestDraws(t *testing.T) {
	x, err := Draws([]smc.Level{{Beta: 1, N: 4, D: 1, X: []float64{1, 2, 3, 4}, LogW: []float64{math.Inf(-1), 0, math.Log(3), math.Inf(-1)}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{2, 3, 3, 3} {
		if x[i] != want {
			t.Fatalf("draws %v", x)
		}
	}
	if _, err := Draws(nil); err == nil {
		t.Error("draws of no pilot")
	}
}

// TestGaussianFrame: from not many more draws than dimensions the frame of a Gaussian is exact: a standard normal there.
func TestGaussianFrame(t *testing.T) {
	target, x := draws(t, "gaussian_d50", nil, 120)
	g := scores(t, target, x)
	f, err := Whitened(x, g, 50)
	if err != nil {
		t.Fatal(err)
	}
	y, q := make([]float64, len(x)), make([]float64, len(x))
	f.ToY(y, x)
	f.Score(q, g)
	for i := range y {
		if math.Abs(y[i]+q[i]) > 1e-6 {
			t.Fatalf("value %d: score %g at %g, a standard normal's is the opposite", i, q[i], y[i])
		}
	}
}

// TestManyDimensions: beyond a hundred dimensions a coordinate that is not Gaussian is told from those that are, and a
// pilot with fewer draws than dimensions still makes a frame, of axes about as long as the target is wide: its standard
// deviations are 1, and of the wells below 2.1. (By the scores, of which those of so few draws span less than all dimensions,
// they came out some thousand long.)
func TestManyDimensions(t *testing.T) {
	for _, n := range []int{2000, 150} {
		target, x := draws(t, "many-well", map[string]any{"dim": 200, "wells": 2, "delta": 4.0}, n)
		f, kind, err := Frame(context.Background(), target, x, scores(t, target, x), rng.NewKey(2, "frame", 0))
		if err != nil {
			t.Fatal(err)
		}
		if kind != White || f.Active < 2 || n == 2000 && f.Active != 2 {
			t.Errorf("%d draws: a frame of kind %s with %d active coordinates", n, kind, f.Active)
		}
		for j := range f.Dim {
			square := 0.0
			for i := range f.Dim {
				square += f.B[i*f.Dim+j] * f.B[i*f.Dim+j]
			}
			if l := math.Sqrt(square); l < .2 || l > 3 {
				t.Errorf("%d draws: axis %d is %.3g long", n, j, l)
			}
		}
	}
}
