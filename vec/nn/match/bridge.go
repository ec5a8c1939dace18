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
	weight tile.Tile[T] // of the second
	// With Spread:
	x1, hat tile.Tile[T] // x₁, x̂₁
	left    tile.Tile[T] // c

	z, g1 tile.Tile[T]
	u     tile.Tile[T]
	pick  []int
	rows  []T          // the picked points, row-major
	c     tile.Tile[T] // coefficients, a row each
	tmp   tile.Tile[T]
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
	coefficients
)

func newBridge[T vec.Float](c *Config, pool Pool[T], kappa []float64, p int, a *tile.Arena[T]) *bridge[T] {
	b := &bridge[T]{Config: c, pool: pool, kappa: kappa, t: a.Slice(p)}
	for _, t := range []*tile.Tile[T]{&b.x, &b.a, &b.s, &b.weight, &b.x1, &b.hat, &b.left, &b.z, &b.g1} {
		*t = a.Tile(c.Dim, p)
	}
	b.u, b.c, b.tmp = a.Tile(2, p), a.Tile(coefficients, p), a.Tile(2, p)
	b.pick, b.rows = make([]int, p), a.Slice(p*c.Dim)
	return b
}

// draw fills the tile with samples first to first+P−1 of n. Their times are stratified over (0, 1).
func (b *bridge[T]) draw(key rng.Key, iter uint32, first, n int) {
	p := len(b.t)
	vec.Normals(b.z.Data, p, b.Dim, p, key, uint32(first), iter, 0)
	vec.Uniforms(b.u.Data, p, 2, p, key, uint32(first), iter, 2)
	jitter, pick, size := b.u.Row(0), b.u.Row(1), len(b.pool.X)/b.Dim
	for i := range p {
		b.t[i] = T((float64(first+i) + float64(jitter[i])) / float64(n))
		b.pick[i] = min(int(float64(pick[i])*float64(size)), size-1)
	}
	b.gather(b.x1, b.pool.X)
	b.gather(b.g1, b.pool.Score)
	b.coefficients()
	for k := range b.Dim {
		b.aim(k)
	}
}

// aim sets what coordinate k of the heads is fitted to.
func (b *bridge[T]) aim(k int) {
	x, x1, z, g, a, s, hat, c := b.x.Row(k), b.x1.Row(k), b.z.Row(k), b.g1.Row(k), b.a.Row(k), b.s.Row(k), b.hat.Row(k), b.left.Row(k)
	t2, w, std, kappa, inv, tmp := b.c.Row(cTime2), b.c.Row(cVar), b.c.Row(cStd), T(b.kappa[k]), b.tmp.Row(0), b.tmp.Row(1)
	vec.Mul(x, b.t, x1)
	vec.MulAdd(x, std, z, x)

	vec.Scale(inv, kappa, w) // t² + κw
	vec.Add(inv, inv, t2)
	vec.Scale(b.weight.Row(k), 1/kappa, inv)
	vec.Mul(s, std, z)
	vec.Scale(s, -kappa, s)
	vec.MulAdd(s, b.t, g, s)
	vec.Div(s, s, inv)

	vec.Mul(tmp, w, g)
	vec.MulAdd(tmp, b.c.Row(cPush), z, tmp)
	vec.Div(tmp, tmp, inv)
	vec.Add(hat, x1, tmp)
	vec.Div(c, w, inv)

	vec.MulAdd(a, b.c.Row(cRef), s, hat)
	if b.Base {
		vec.MulAdd(a, b.c.Row(cBaseA), x, a)
		vec.MulAdd(s, b.c.Row(cBaseS), x, s)
	}
}

// gather fills a tile with the points picked from the pilot's.
func (b *bridge[T]) gather(dst tile.Tile[T], from []T) {
	d := b.Dim
	for i, at := range b.pick {
		copy(b.rows[i*d:(i+1)*d], from[at*d:])
	}
	tile.Pack(dst, b.rows)
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
		unit := v / max(w, math.SmallestNonzeroFloat32)
		for r, c := range [coefficients]float64{t * t, w, std, t * std, (1 - t) * s0, ((1-t)*s0 - t) / v, 1 / v, mean, 1 - t, sigma * t, unit} {
			b.c.Row(r)[i] = T(c)
		}
	}
}
