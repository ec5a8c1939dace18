package match

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Pool is the pilot's points and the target's scores there, row-major, Dim values a point.
type Pool[T vec.Float] struct{ X, Score []T }

// leastPrecision bounds κ from below, for coordinates of which the scores say nothing.
const leastPrecision = 1e-6

// leastVar bounds the variance of x₁ from below, in which a time that was rounded to 1 leaves nothing.
const leastVar = 1e-9

// precisions are κ of each coordinate.
func (p Pool[T]) precisions(d int) []float64 {
	k := make([]float64, d)
	for i, g := range p.Score {
		k[i%d] += float64(g) * float64(g)
	}
	for i := range k {
		k[i] = max(k[i]/float64(len(p.Score)/d), leastPrecision)
	}
	return k
}

// bridge draws tiles of samples, and what the heads are to be there. A worker owns one.
type bridge[T vec.Float] struct {
	*Config
	pool  Pool[T]
	kappa []float64

	x      tile.Tile[T] // X_t
	t      []T
	a, s   tile.Tile[T] // what the heads are fitted to
	weight tile.Tile[T] // of the first
	// With Spread, of the sample's own point:
	x1, hat tile.Tile[T] // x₁, x̂₁
	left    tile.Tile[T] // c

	z, g1, mean, score tile.Tile[T]
	share              tile.Tile[T] // of each of the tile's points in each sample
	u                  tile.Tile[T]
	pick               []int
	rows, rowG         []T          // the picked points, row-major, and their scores
	c                  tile.Tile[T] // coefficients, a row each
	tmp                tile.Tile[T]
}

const (
	cTime2 = iota // t²
	cVar          // w
	cStd          // √w
	cPush         // t√w
	cRef          // (1−t)S₀²
	cBaseA        // minus the base of a
	cBaseS        // minus the base of s
	cMean         // D = cMean x + cFar(a + cDrift s), the base left out of a and s
	cFar          // 1−t
	cDrift        // σ²t
	cUnit         // 1/Var[x₁ | X_t] of the base
	cPoint        // t/w
	cNorm         // −t²/2w
	coefficients
)

func newBridge[T vec.Float](c *Config, pool Pool[T], kappa []float64, p int, a *tile.Arena[T]) *bridge[T] {
	b := &bridge[T]{Config: c, pool: pool, kappa: kappa, t: a.Slice(p)}
	for _, t := range []*tile.Tile[T]{&b.x, &b.a, &b.s, &b.weight, &b.x1, &b.hat, &b.left, &b.z, &b.g1, &b.mean, &b.score} {
		*t = a.Tile(c.Dim, p)
	}
	m := points * p
	b.u, b.c, b.tmp, b.share = a.Tile(1+points, p), a.Tile(coefficients, p), a.Tile(2, p), a.Tile(m, p)
	b.pick, b.rows, b.rowG = make([]int, m), a.Slice(m*c.Dim), a.Slice(m*c.Dim)
	return b
}

// points is how many points are picked for each sample, all of which count for all samples of the tile.
const points = 4

// draw fills the tile with samples first to first+P−1 of n. Their times are stratified over (0, 1).
func (b *bridge[T]) draw(key rng.Key, iter uint32, first, n int) {
	p := len(b.t)
	vec.Normals(b.z.Data, p, b.Dim, p, key, uint32(first), iter, 0)
	vec.Uniforms(b.u.Data, p, 1+points, p, key, uint32(first), iter, 2)
	jitter, pick, size := b.u.Row(0), b.u.Slice(1, 1+points).Flat(), len(b.pool.X)/b.Dim
	for i := range p {
		b.t[i] = T((float64(first+i) + float64(jitter[i])) / float64(n))
	}
	for i, u := range pick {
		b.pick[i] = min(int(float64(u)*float64(size)), size-1)
	}
	b.gather(b.x1, b.rows, b.pool.X)
	b.gather(b.g1, b.rowG, b.pool.Score)
	b.coefficients()
	for k := range b.Dim {
		x := b.x.Row(k)
		vec.Mul(x, b.t, b.x1.Row(k))
		vec.MulAdd(x, b.c.Row(cStd), b.z.Row(k), x)
	}
	b.posterior()
	for k := range b.Dim {
		b.aim(k)
		if b.Spread {
			b.own(k)
		}
	}
}

// gather copies the points picked from the pilot's, the first of them to a tile.
func (b *bridge[T]) gather(dst tile.Tile[T], rows, from []T) {
	d := b.Dim
	for i, at := range b.pick {
		copy(rows[i*d:(i+1)*d], from[at*d:])
	}
	tile.Pack(dst, rows[:dst.P*d])
}

// posterior sets mean and score to those of x₁ and g₁ over the tile's points, by what each may have to do with X_t.
func (b *bridge[T]) posterior() {
	d, p, m := b.Dim, len(b.t), len(b.pick)
	vec.Gemm(m, p, d, b.rows, d, 1, b.x.Data, b.x.LD, nil, 0, b.share.Data, b.share.LD)
	for i := range m {
		norm := T(0)
		for _, v := range b.rows[i*d : (i+1)*d] {
			norm += v * v
		}
		l, tmp := b.share.Row(i), b.tmp.Row(0)
		vec.Mul(l, l, b.c.Row(cPoint))
		vec.Scale(tmp, norm, b.c.Row(cNorm))
		vec.Add(l, l, tmp)
	}
	vec.SoftmaxRows(b.share.Data, b.share.LD, b.tmp.Row(0), b.share.Data, m, b.share.LD)
	vec.Gemm(d, p, m, b.rows, 1, d, b.share.Data, b.share.LD, nil, 0, b.mean.Data, b.mean.LD)
	vec.Gemm(d, p, m, b.rowG, 1, d, b.share.Data, b.share.LD, nil, 0, b.score.Data, b.score.LD)
}

// aim sets what coordinate k of the heads is fitted to.
func (b *bridge[T]) aim(k int) {
	x, x1, g, a, s, inv, tmp := b.x.Row(k), b.mean.Row(k), b.score.Row(k), b.a.Row(k), b.s.Row(k), b.weight.Row(k), b.tmp.Row(0)
	t2, w, kappa := b.c.Row(cTime2), b.c.Row(cVar), T(b.kappa[k])
	vec.Scale(inv, kappa, w) // t² + κw
	vec.Add(inv, inv, t2)

	vec.Mul(tmp, b.t, x1) // the rest, t x₁ − X_t
	vec.Sub(tmp, tmp, x)
	vec.Scale(s, kappa, tmp)
	vec.MulAdd(s, b.t, g, s)
	vec.Div(s, s, inv)

	vec.Mul(tmp, b.t, tmp)
	vec.Mul(a, w, g)
	vec.Sub(a, a, tmp)
	vec.Div(a, a, inv)
	vec.Add(a, a, x1) // x̂₁
	vec.MulAdd(a, b.c.Row(cRef), s, a)
	if b.Base {
		vec.MulAdd(a, b.c.Row(cBaseA), x, a)
		vec.MulAdd(s, b.c.Row(cBaseS), x, s)
	}
	fill(tmp, kappa)
	vec.Div(inv, tmp, inv)
}

// own sets what the variance of coordinate k is estimated from.
func (b *bridge[T]) own(k int) {
	hat, c, inv := b.hat.Row(k), b.left.Row(k), b.tmp.Row(0)
	vec.Scale(inv, T(1/b.kappa[k]), b.weight.Row(k)) // 1/(t² + κw)
	vec.Mul(c, b.c.Row(cVar), inv)
	vec.Mul(hat, b.c.Row(cVar), b.g1.Row(k))
	vec.MulAdd(hat, b.c.Row(cPush), b.z.Row(k), hat)
	vec.MulAdd(hat, hat, inv, b.x1.Row(k))
}

func fill[T vec.Float](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

func (b *bridge[T]) coefficients() {
	s0, sigma := b.Reference*b.Reference, b.Sigma*b.Sigma
	for i, t := range b.t {
		t := float64(t)
		w := (1-t)*(1-t)*s0 + sigma*t*(1-t)
		v, std, mean := t*t+w, math.Sqrt(w), 1.0
		if b.Base {
			mean = t / v
		}
		some := max(w, leastVar)
		for r, c := range [coefficients]float64{
			t * t, w, std, t * std, (1 - t) * s0, ((1-t)*s0 - t) / v, 1 / v, mean, 1 - t, sigma * t, v / some, t / some, -t * t / 2 / some,
		} {
			b.c.Row(r)[i] = T(c)
		}
	}
}
