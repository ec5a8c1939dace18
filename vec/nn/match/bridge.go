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

// joined is a row of [x, |x|², g] for each point: what belongs to a point that is picked lies together.
func (p Pool[T]) joined(d int) []T {
	rows := make([]T, 0, len(p.X)/d*(2*d+1))
	for i := 0; i < len(p.X); i += d {
		x, norm := p.X[i:i+d], T(0)
		for _, v := range x {
			norm += v * v
		}
		rows = append(append(append(rows, x...), norm), p.Score[i:i+d]...)
	}
	return rows
}

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
	pool  []T // joined
	kappa []float64

	at     tile.Tile[T] // X_t t/w, and −t²/2w below it: times [x, |x|²], what log density X_t has from x, but for a constant
	x      tile.Tile[T] // X_t
	t      []T
	a, s   tile.Tile[T] // what the heads are fitted to
	weight tile.Tile[T] // of the first
	// With Spread, of the sample's own point:
	x1, hat tile.Tile[T] // x₁, x̂₁
	left    tile.Tile[T] // c

	z, g1, mean, score tile.Tile[T]
	first, means       tile.Tile[T] // what x1 and g1, mean and score are parts of
	share              tile.Tile[T] // of each of the tile's points in each sample
	u                  tile.Tile[T]
	rows               []T          // of the pool, as picked
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

func newBridge[T vec.Float](c *Config, pool []T, kappa []float64, p int, a *tile.Arena[T]) *bridge[T] {
	b := &bridge[T]{Config: c, pool: pool, kappa: kappa, t: a.Slice(p)}
	for _, t := range []*tile.Tile[T]{&b.x, &b.a, &b.s, &b.weight, &b.hat, &b.left, &b.z} {
		*t = a.Tile(c.Dim, p)
	}
	d, size := c.Dim, 2*c.Dim+1
	b.u, b.c, b.tmp, b.share, b.at = a.Tile(2, p), a.Tile(coefficients, p), a.Tile(1, p), a.Tile(p, p), a.Tile(d+1, p)
	b.first, b.means = a.Tile(size, p), a.Tile(size, p)
	b.x1, b.g1, b.mean, b.score = b.first.Slice(0, d), b.first.Slice(d+1, size), b.means.Slice(0, d), b.means.Slice(d+1, size)
	b.rows = a.Slice(p * size)
	return b
}

// draw fills the tile with samples first to first+P−1 of n. Their times are stratified over (0, 1).
func (b *bridge[T]) draw(key rng.Key, iter uint32, first, n int) {
	p := len(b.t)
	vec.Normals(b.z.Data, p, b.Dim, p, key, uint32(first), iter, 0)
	vec.Uniforms(b.u.Data, p, 2, p, key, uint32(first), iter, 2)
	jitter, pick, size := b.u.Row(0), b.u.Row(1), 2*b.Dim+1
	for i := range p {
		b.t[i] = T((float64(first+i) + float64(jitter[i])) / float64(n))
	}
	for i, u := range pick {
		at := min(int(float64(u)*float64(len(b.pool)/size)), len(b.pool)/size-1) * size
		copy(b.rows[i*size:(i+1)*size], b.pool[at:])
	}
	tile.Pack(b.first, b.rows)
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

// posterior sets mean and score to those of x₁ and g₁ over the tile's points, by what each may have to do with X_t.
func (b *bridge[T]) posterior() {
	d, size, p := b.Dim, 2*b.Dim+1, len(b.t)
	for k := range d {
		vec.Mul(b.at.Row(k), b.x.Row(k), b.c.Row(cPoint))
	}
	copy(b.at.Row(d), b.c.Row(cNorm))
	vec.Gemm(p, p, d+1, b.rows, size, 1, b.at.Data, b.at.LD, nil, 0, b.share.Data, b.share.LD)
	vec.SoftmaxRows(b.share.Data, b.share.LD, b.tmp.Row(0), b.share.Data, p, b.share.LD)
	vec.Gemm(size, p, p, b.rows, 1, size, b.share.Data, b.share.LD, nil, 0, b.means.Data, b.means.LD)
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
