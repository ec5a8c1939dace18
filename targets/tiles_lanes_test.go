package targets

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestTileSpecials: infinite, huge and undefined points are what they are to Eval, and trouble no other lane.
func TestTileSpecials(t *testing.T) {
	for _, c := range tiledTargets(t) {
		testTileSpecials[float64](t, c, 1e-10)
		testTileSpecials[float32](t, c, 1e-6)
	}
}

func testTileSpecials[T vec.Float](t *testing.T, c tiledTarget, tol float64) {
	const n = 40
	f := OnTiles[T](c.Density, n)
	b, calm := asked[T](c.Density, f.Can(), n, c.scale, 4), asked[T](c.Density, f.Can(), n, c.scale, 4)
	evaluate(t, f, calm)
	inf, nan := math.Inf(1), math.NaN()
	special := []float64{inf, -inf, nan, 1e300, -1e300, 0, 100, -100, 1e-320}
	inner := c.Density
	if r, ok := As[*Rotated](inner); ok {
		inner = r.Inner()
	}
	if _, mixed := As[*mixture](inner); !mixed { // in Eval too, large squares drown what tells components apart
		special = append(special, 1e38, 1e20, -1e20, 1e6, -1e6, -1500, 800, -800)
	}
	for k, v := range special {
		b.X.Row(0)[2*k] = T(v)
		b.X.Row(b.X.Rows - 1)[2*k+1] = T(v)
	}
	evaluate(t, f, b)
	agreesPlainly(t, c.Density, b, tol)
	for j := 2 * len(special); j < n; j++ {
		if !sameLane(b, j, calm, j) {
			t.Errorf("%s: lane %d is not what it is among ordinary points", c.Info().Name, j)
		}
	}
}

// sameLane reports whether lane i of a has the values of lane j of b.
func sameLane[T vec.Float](a *TileBatch[T], i int, b *TileBatch[T], j int) bool {
	equal := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	same := equal(a.LogP[i], b.LogP[j]) && equal(a.Laplacian[i], b.Laplacian[j])
	for k := range a.Grad.Rows {
		same = same && equal(float64(a.Grad.Row(k)[i]), float64(b.Grad.Row(k)[j])) && equal(float64(a.HVP.Row(k)[i]), float64(b.HVP.Row(k)[j]))
	}
	return same
}

// TestTileLanesStandAlone: in tiles of any width, in views of wider ones, whatever else is asked, a lane has the same bits,
// and nothing outside of the tile is written.
func TestTileLanesStandAlone(t *testing.T) {
	for _, c := range tiledTargets(t) {
		testTileLanes[float64](t, c)
		testTileLanes[float32](t, c)
	}
}

func testTileLanes[T vec.Float](t *testing.T, c tiledTarget) {
	const n, canary = 70, 77
	f := OnTiles[T](c.Density, n)
	whole := asked[T](c.Density, f.Can(), n, c.scale, 5)
	for k, v := range []float64{math.Inf(1), math.NaN(), 1e30} {
		whole.X.Row(0)[10+20*k] = T(v)
	}
	evaluate(t, f, whole)
	r := rand.New(rand.NewPCG(1, 2))
	for try := range 24 {
		from := r.IntN(n)
		to := from + 1 + r.IntN(n-from)
		if try < 2 {
			to = from + 1
		}
		p, d := to-from, whole.X.Rows
		answers := func() tile.Tile[T] { w := tile.New[T](d, n); w.Fill(canary); return w }
		grad, hv := answers(), answers()
		part := &TileBatch[T]{
			X: whole.X.Columns(from, to), V: whole.V.Columns(from, to), Grad: grad.Columns(from, to), HVP: hv.Columns(from, to),
			LogP: make([]float64, p), Laplacian: make([]float64, p),
		}
		if try%4 == 3 { // one thing at a time
			for _, q := range []TileBatch[T]{
				{X: part.X, LogP: part.LogP}, {X: part.X, Grad: part.Grad}, {X: part.X, V: part.V, HVP: part.HVP}, {X: part.X, Laplacian: part.Laplacian},
			} {
				evaluate(t, f, &q)
			}
		} else {
			evaluate(t, f, part)
		}
		for j := range p {
			if !sameLane(part, j, whole, from+j) {
				t.Fatalf("%s: lane %d of %d is not lane %d of %d", c.Info().Name, j, p, from+j, n)
			}
		}
		for i := range d {
			for j := range n {
				if (j < from || j >= to) && (grad.Row(i)[j] != canary || hv.Row(i)[j] != canary) {
					t.Fatalf("%s: lane %d was written, beside lanes %d to %d", c.Info().Name, j, from, to)
				}
			}
		}
	}
}

// TestTilesOnWorkers: 1, 2, 3 and 7 workers, each with a form of its own, give the same bits.
func TestTilesOnWorkers(t *testing.T) {
	for _, use := range []string{"gmm40_fab", "pima"} {
		d, err := New(use, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		const tiles, p = 9, 32
		all := asked[float32](d, tileQuantities, tiles*p, 1, 6)
		var first []float64
		for _, workers := range []int{1, 2, 3, 7} {
			forms := make([]TileDensity[float32], workers)
			for i := range forms {
				forms[i] = OnTiles[float32](d, p)
			}
			logp := make([]float64, tiles*p)
			errs := make([]error, tiles)
			par.NewPool(workers).For(tiles, func(worker, i int) {
				lo, hi := i*p, (i+1)*p
				errs[i] = forms[worker].Eval(context.Background(), &TileBatch[float32]{
					X: all.X.Columns(lo, hi), LogP: logp[lo:hi], Grad: all.Grad.Columns(lo, hi),
				})
			})
			got := logp
			for _, g := range all.Grad.Data {
				got = append(got, float64(g))
			}
			if first == nil {
				first = got
			}
			if err := errors.Join(errs...); err != nil || !slices.Equal(got, first) {
				t.Errorf("%s: %d workers differ from one, or fail: %v", use, workers, err)
			}
		}
	}
}
