package gram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
)

// blocks are of all kinds: few terms, one column, many terms, for which a strip of J is made, and a vector of more entries
// than enter a product at a time.
var blocks = []Block{{Off: 3, Rows: 7, Cols: 5, Terms: 1}, {Off: 38, Rows: 6, Cols: 1, Terms: 2}, {Off: 50, Rows: 9, Cols: 70, Terms: 11}, {Off: 680, Rows: 5, Cols: 8, Terms: 3}, {Off: 722, Rows: 600, Cols: 1, Terms: 1, Vector: true}}

const params = 1330

func random[T vec.Float](n, p int) *Jacobian[T] {
	r := rand.New(rand.NewPCG(1, 2))
	j := NewJacobian[T](n, p, params, blocks)
	for _, t := range j.Tiles {
		for _, f := range t {
			for i := range f.A.Data {
				f.A.Data[i] = T(r.NormFloat64())
			}
			for i := range f.B.Data {
				f.B.Data[i] = T(r.NormFloat64())
			}
		}
	}
	return j
}

// dense is J as a matrix.
func dense[T vec.Float](j *Jacobian[T]) [][]float64 {
	out := make([][]float64, j.Samples())
	for s := range out {
		out[s] = make([]float64, j.Params)
		for f, b := range j.Blocks {
			fac := j.Tiles[s/j.P][f]
			for c := range b.Terms {
				col := c*j.P + s%j.P
				for i := range b.Rows {
					for o := range b.Cols {
						v := float64(fac.A.Row(i)[col])
						if !b.Vector {
							v *= float64(fac.B.Row(o)[col])
						}
						out[s][b.Off+i*b.Cols+o] += v
					}
				}
			}
		}
	}
	return out
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

func testAgainstDense[T vec.Float](t *testing.T, bound float64) {
	if !explicit(blocks[2], 24) || explicit(blocks[0], 24) {
		t.Fatal("the blocks do not try both ways")
	}
	for n, p := range map[int]int{24: 4, 23: 23, 40: 8, 128: 64, 96: 32} {
		j := random[T](n, p)
		d := dense(j)
		g := NewWorker(par.NewPool(2), j)
		k, k2, jv, jv2, jw := make([]T, n*n), make([]T, n*n), make([]T, n), make([]T, n), make([]T, params)
		v, w := make([]T, params), make([]T, n)
		v64, w64 := make([]float64, params), make([]float64, n)
		r := rand.New(rand.NewPCG(3, 4))
		for i := range v {
			v[i] = T(r.NormFloat64())
			v64[i] = float64(v[i])
		}
		for i := range w {
			w[i] = T(r.NormFloat64())
			w64[i] = float64(w[i])
		}
		g.Gram(k, j)
		g.GramMul(k2, jv2, j, v)
		g.Mul(jv, j, v)
		g.MulT(jw, j, w)
		for a := range n {
			norm := math.Sqrt(dot(d[a], d[a]))
			for b := range n {
				if b <= a && k2[a*n+b] != k[a*n+b] {
					t.Fatalf("p=%d: Gram[%d,%d] differs beside J v", p, a, b)
				}
				if e := math.Abs(float64(k[a*n+b]) - dot(d[a], d[b])); !(e <= bound*norm*math.Sqrt(dot(d[b], d[b]))) {
					t.Fatalf("p=%d: Gram[%d,%d] is off by %g", p, a, b, e)
				}
			}
			if e := math.Abs(float64(jv[a]) - dot(d[a], v64)); !(e <= bound*norm*math.Sqrt(params)) {
				t.Fatalf("p=%d: (Jv)[%d] is off by %g", p, a, e)
			}
			if e := math.Abs(float64(jv2[a] - jv[a])); !(e <= bound*norm*math.Sqrt(params)) {
				t.Fatalf("p=%d: (Jv)[%d] beside the Gram matrix is off by %g", p, a, e)
			}
		}
		for i := range params {
			want, size := 0.0, 0.0
			for a := range n {
				want += d[a][i] * w64[a]
				size += math.Abs(d[a][i] * w64[a])
			}
			if e := math.Abs(float64(jw[i]) - want); !(e <= bound*(1+10*size)) {
				t.Fatalf("p=%d: (Jᵀw)[%d] is off by %g", p, i, e)
			}
		}
	}
}

func TestAgainstDense(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testAgainstDense[float32](t, 2e-6) })
	t.Run("float64", func(t *testing.T) { testAgainstDense[float64](t, 1e-14) })
}

func TestWorkersDoNotMatter(t *testing.T) {
	j := random[float32](64, 8)
	n := j.Samples()
	v, w := make([]float32, params), make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i)))
	}
	for i := range w {
		w[i] = float32(math.Cos(float64(i)))
	}
	var first []float32
	for _, workers := range []int{1, 2, 3, 7} {
		g := NewWorker(par.NewPool(workers), j)
		k, jv, jw := make([]float32, n*n), make([]float32, n), make([]float32, params)
		g.Gram(k, j)
		g.GramMul(make([]float32, n*n), jv, j, v)
		g.MulT(jw, j, w)
		all := slices.Concat(k, jv, jw)
		if first == nil {
			first = all
		}
		if !slices.Equal(first, all) {
			t.Fatalf("%d workers give other bits than 1", workers)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	j := random[float32](16, 8)
	n := j.Samples()
	g := NewWorker(par.NewPool(1), j)
	k, jv, jw := make([]float32, n*n), make([]float32, n), make([]float32, params)
	if a := testing.AllocsPerRun(5, func() { g.GramMul(k, jv, j, jw); g.Mul(jv, j, jw); g.MulT(jw, j, jv) }); a != 0 {
		t.Fatalf("%v allocations", a)
	}
}

func BenchmarkGram(b *testing.B) {
	for _, terms := range []int{1, 3, 6} {
		b.Run(fmt.Sprintf("terms=%d", terms), func(b *testing.B) {
			blocks := []Block{{Rows: 41, Cols: 40, Terms: terms}}
			j := NewJacobian[float32](384, 64, 41*40, blocks)
			g, k := NewWorker(par.NewPool(1), j), make([]float32, 384*384)
			for b.Loop() {
				g.Gram(k, j)
			}
		})
	}
}
