package targets

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// tiledTarget is a density with a tile form of its own, and the scale of the points at which it is looked at.
type tiledTarget struct {
	Density
	scale float64
}

func tiledTargets(t testing.TB) []tiledTarget {
	list := func(v ...any) []any { return v }
	var out []tiledTarget
	for _, c := range []struct {
		use    string
		config map[string]any
		scale  float64
	}{
		{"gmm9", nil, 6},
		{"gmm40_fab", nil, 30},
		{"gmm40_jax", nil, 30},
		{"gmm40_jax_d50", nil, 10},
		{"random_mixture_d5_seed7", nil, 5},
		{"mixture", map[string]any{
			"means": list(list(-3.0, 0.0, 1.0), list(2.0, 1.0, 0.0)), "weights": list(1.0, 3.0), "variance": list(list(1.0, 0.5, 3.0), list(0.25, 2.0, 0.1)),
		}, 3},
		{"mixture", map[string]any{"means": list(list(-3.0, 40.0), list(20.0, 1.0)), "variance": 1e-4}, 1},
		{"many_well_d5_m5_delta4", nil, 2},
		{"many_well_d50_m5_delta2", nil, 2},
		{"many-well", map[string]any{"dim": int64(3), "wells": int64(0)}, 2},
		{"funnel10", nil, 2},
		{"phi4", map[string]any{"extents": list(3.0, 2.0, 2.0), "periodic": false, "kappa": 0.1, "lambda": 0.5}, 1},
		{"phi4", map[string]any{"extents": list(int64(1), int64(1)), "kappa": 0.2}, 1},
		{"phi4", map[string]any{"extents": list(int64(4), int64(1), int64(3)), "kappa": 0.2}, 1},
		{"phi4_8x8_kappa0.3", nil, 1},
		{"sonar", nil, 0.5},
		{"pima", nil, 0.5},
		{"german_credit_noprior", nil, 0.5},
		{"gmm9", map[string]any{"rotation": int64(3)}, 6},
		{"many_well_d50_m5_delta2", map[string]any{"rotation": int64(3)}, 2},
	} {
		d, err := New(c.use, c.config, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := As[Tiled](d); !ok {
			t.Errorf("%s has no tile form", c.use)
		}
		if m, ok := As[*mixture](d); ok && (newMixtureTiles(m).form() == nil) != (c.config["variance"] == 1e-4) {
			t.Errorf("%s: squares are multiplied out where they must not be, or are not where they may", c.use)
		}
		out = append(out, tiledTarget{d, c.scale})
	}
	return out
}

// asked is a request for everything that d offers, at n normal points of that scale.
func asked[T vec.Float](d Density, can Want, n int, scale float64, seed uint64) *TileBatch[T] {
	dim := d.Info().Dim()
	b := &TileBatch[T]{X: tile.New[T](dim, n), Grad: tile.New[T](dim, n), LogP: make([]float64, n)}
	key := rng.NewKey(seed, "tiles", 0)
	vec.Normals(b.X.Data, n, dim, n, key, 0, 0, 0)
	vec.Scale(b.X.Data, T(scale), b.X.Data)
	if can.Has(HVP) {
		b.V, b.HVP = tile.New[T](dim, n), tile.New[T](dim, n)
		vec.Normals(b.V.Data, n, dim, n, key, 0, 1, 0)
	}
	if can.Has(Laplacian) {
		b.Laplacian = make([]float64, n)
	}
	return b
}

// plainly is the answer of the plain forms to b: of Eval, and for second derivatives of what the built-in tiles fall back
// on, turned where the density is.
func plainly[T vec.Float](t *testing.T, d Density, b *TileBatch[T]) *Batch {
	t.Helper()
	n, dim := b.X.P, b.X.Rows
	out := NewBatch(n, dim, LogP|Grad)
	out.V, out.HVP, out.Laplacian = make([]float64, n*dim), make([]float64, n*dim), make([]float64, n)
	tile.Unpack64(out.X, b.X)
	tile.Unpack64(out.V, b.V)
	if err := d.Eval(context.Background(), out); err != nil {
		t.Fatal(err)
	}
	inner := d
	r, turned := As[*Rotated](d)
	if turned {
		inner = r.Inner()
	}
	second, _ := As[interface{ plain() plainForm }](inner)
	f := second.plain()
	x, v, h := make([]float64, dim), make([]float64, dim), make([]float64, dim)
	for i := range n {
		copy(x, out.X[i*dim:])
		copy(v, out.V[i*dim:])
		if turned {
			r.forth(slices.Clone(x), x)
			r.forth(slices.Clone(v), v)
		}
		_, out.Laplacian[i] = f(x, v, nil, h)
		if turned {
			r.back(slices.Clone(h), h)
		}
		copy(out.HVP[i*dim:(i+1)*dim], h)
		switch out.Status[i] {
		case OutOfSupport:
			clear(out.HVP[i*dim : (i+1)*dim])
			out.Laplacian[i] = 0
		case Numerical:
			fill(out.HVP[i*dim:(i+1)*dim], math.NaN())
			out.Laplacian[i] = math.NaN()
		}
	}
	return out
}

// agreesPlainly compares b, which has been evaluated, with the plain forms: to tol relative to max(1, |value|) in log
// densities and gradients, and in second derivatives, where squares of scores cancel, to max(1, |score|², |value|). For
// the products of logistic regression, whose terms cancel too, the sizes of the terms are added to that, times that of the
// largest linear predictor, from whose rounding they suffer.
func agreesPlainly[T vec.Float](t *testing.T, d Density, b *TileBatch[T], tol float64) {
	t.Helper()
	want := plainly(t, d, b)
	terms := 1.0
	if l, ok := As[*logistic](d); ok {
		for _, a := range l.a.Data {
			terms += math.Abs(a) / float64(l.a.Cols)
		}
		largest := 1.0
		for j := range want.N {
			for i := range l.a.Rows {
				if u := math.Abs(dot(l.a.Data[i*want.D:(i+1)*want.D], want.X[j*want.D:(j+1)*want.D])); u > largest && u < 1e6 {
					largest = u
				}
			}
		}
		terms *= largest
	}
	off := func(got, want, size float64) bool {
		if want*0 != 0 {
			return got != want && !(math.IsNaN(got) && math.IsNaN(want))
		}
		return !(math.Abs(got-want) <= tol*math.Max(math.Max(1, size), math.Abs(want)))
	}
	dim := b.X.Rows
	for j := range b.X.P {
		grad := want.Grad[j*dim : (j+1)*dim]
		size := dot(grad, grad)
		if off(b.LogP[j], want.LogP[j], 0) {
			t.Errorf("%s, lane %d: log density %.17g, wanted %.17g", d.Info().Name, j, b.LogP[j], want.LogP[j])
		}
		if off(b.Laplacian[j], want.Laplacian[j], size+terms) {
			t.Errorf("%s, lane %d: Laplacian %.17g, wanted %.17g", d.Info().Name, j, b.Laplacian[j], want.Laplacian[j])
		}
		for i := range dim {
			if got := float64(b.Grad.Row(i)[j]); off(got, inRange[T](grad[i]), terms) {
				t.Errorf("%s, lane %d: score[%d] %.17g, wanted %.17g", d.Info().Name, j, i, got, grad[i])
			}
			if got := float64(b.HVP.Row(i)[j]); off(got, inRange[T](want.HVP[j*dim+i]), size+terms) {
				t.Errorf("%s, lane %d: Hessian times v [%d] %.17g, wanted %.17g", d.Info().Name, j, i, got, want.HVP[j*dim+i])
			}
		}
		if t.Failed() {
			return
		}
	}
}

// inRange is v, or the infinity that it is in T.
func inRange[T vec.Float](v float64) float64 {
	if r := float64(T(v)); math.IsInf(r, 0) {
		return r
	}
	return v
}

func evaluate[T vec.Float](t *testing.T, f TileDensity[T], b *TileBatch[T]) {
	t.Helper()
	if err := f.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

// TestTilesAgreeWithPlain: at ordinary points, at wide ones, and where every product of two coordinates is huge. In
// float32 what is computed in float64 is off by the rounding of its answers; logistic regression has products of its own.
func TestTilesAgreeWithPlain(t *testing.T) {
	for _, c := range tiledTargets(t) {
		d, scale := c.Density, c.scale
		for _, wide := range []float64{1, 4, 1e4} {
			f := OnTiles[float64](d, 64)
			b := asked[float64](d, f.Can(), 64, scale*wide, 1)
			evaluate(t, f, b)
			agreesPlainly(t, d, b, 1e-10)
			tol := 1e-7
			if _, own := As[*logistic](d); own {
				tol = 1e-6
			}
			f32 := OnTiles[float32](d, 64)
			b32 := asked[float32](d, f.Can(), 64, scale*wide, 2)
			evaluate(t, f32, b32)
			agreesPlainly(t, d, b32, tol)
		}
	}
}

// TestTileCurvatureIsThatOfTheScore: second derivatives in the plain form are differences of the gradient that Eval gives,
// to the fourth order of the step.
func TestTileCurvatureIsThatOfTheScore(t *testing.T) {
	for _, c := range tiledTargets(t) {
		d, n := c.Density, 3
		dim := d.Info().Dim()
		b := asked[float64](d, tileQuantities, n, c.scale, 3)
		want := plainly(t, d, b)
		slope := func(step float64, along func(i, k int) float64) []float64 { // of the gradient, at point i
			out := make([]float64, n*dim)
			at := NewBatch(n, dim, LogP|Grad)
			for _, s := range []struct{ steps, weight float64 }{{-2, 1}, {-1, -8}, {1, 8}, {2, -1}} {
				for i := range at.X {
					at.X[i] = want.X[i] + s.steps*step*along(i/dim, i%dim)
				}
				if err := d.Eval(context.Background(), at); err != nil {
					t.Fatal(err)
				}
				for i, g := range at.Grad {
					out[i] += s.weight * g / (12 * step)
				}
			}
			return out
		}
		const step, tol = 1e-4, 1e-5
		size := func(i int) float64 { // squares of scores cancel in the curvature of a mixture
			g := want.Grad[i*dim : (i+1)*dim]
			return math.Max(1, dot(g, g))
		}
		hv := slope(step, func(i, k int) float64 { return want.V[i*dim+k] })
		for i, h := range want.HVP {
			if !(math.Abs(hv[i]-h) <= tol*math.Max(size(i/dim), math.Abs(h))) {
				t.Fatalf("%s: Hessian times v is %v, differences give %v", d.Info().Name, h, hv[i])
			}
		}
		trace := make([]float64, n)
		for k := range dim {
			column := slope(step, func(_, j int) float64 {
				if j == k {
					return 1
				}
				return 0
			})
			for i := range trace {
				trace[i] += column[i*dim+k]
			}
		}
		for i, l := range want.Laplacian {
			if !(math.Abs(trace[i]-l) <= tol*math.Max(size(i), math.Abs(l))) {
				t.Errorf("%s: Laplacian is %v, differences give %v", d.Info().Name, l, trace[i])
			}
		}
	}
}

// TestNarrowComponents: where components are far apart in units of their widths, multiplied squares would lose digits: at
// the components themselves the log density is as Eval has it.
func TestNarrowComponents(t *testing.T) {
	const sd = 1e-3
	means := [][]float64{{-30, 4}, {25, -17}, {3, 41}}
	d, err := NewMixture(Mixture{[]float64{1, 1, 2}, means, sameVariance(means, sd*sd)})
	if err != nil {
		t.Fatal(err)
	}
	b := asked[float64](d, tileQuantities, 30, sd, 7)
	for i := range b.X.Rows {
		for j := range b.X.P {
			b.X.Row(i)[j] += means[j%3][i]
		}
	}
	evaluate(t, OnTiles[float64](d, 30), b)
	agreesPlainly(t, d, b, 1e-12)
}
