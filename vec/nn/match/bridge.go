package match

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Pool is the pilot's points and the target's scores there, row-major, Dim values a point.
type Pool[T vec.Float] struct{ X, Score []T }

// bridge draws tiles of samples, and what the heads are to be there. A worker owns one.
type bridge[T vec.Float] struct {
	*Config
	pool Pool[T]
	v1   float64

	x      tile.Tile[T] // X_t
	t      []T
	a, s   tile.Tile[T] // what the heads are fitted to
	weight []T          // of the second

	x0, x1, g1, eps tile.Tile[T]
	u               tile.Tile[T]
	pick            []int
	rows            []T          // the picked points, row-major
	c               tile.Tile[T] // coefficients, a row each
}

const (
	cFar   = iota // 1−t
	cStd          // σ√(t(1−t))
	cPull         // λ
	cNoise        // −(1−λ)/std
	cRef          // −λ/S₀²: of x₀ in y_s
	cBaseA        // minus the base of a
	cBaseS        // minus the base of s
	coefficients
)

func newBridge[T vec.Float](c *Config, pool Pool[T], v1 float64, p int, a *tile.Arena[T]) *bridge[T] {
	b := &bridge[T]{Config: c, pool: pool, v1: v1, t: a.Slice(p), weight: a.Slice(p)}
	for _, t := range []*tile.Tile[T]{&b.x, &b.a, &b.s, &b.x0, &b.x1, &b.g1, &b.eps} {
		*t = a.Tile(c.Dim, p)
	}
	b.u, b.c = a.Tile(2, p), a.Tile(coefficients, p)
	b.pick, b.rows = make([]int, p), a.Slice(p*c.Dim)
	return b
}

// draw fills the tile with samples first to first+P−1 of n. Their times are stratified over (0, 1).
func (b *bridge[T]) draw(key rng.Key, iter uint32, first, n int) {
	p := len(b.t)
	vec.Normals(b.x0.Data, p, b.Dim, p, key, uint32(first), iter, 0)
	vec.Normals(b.eps.Data, p, b.Dim, p, key, uint32(first), iter, 1)
	vec.Uniforms(b.u.Data, p, 2, p, key, uint32(first), iter, 2)
	vec.Scale(b.x0.Data, T(b.Reference), b.x0.Data)
	jitter, pick, size := b.u.Row(0), b.u.Row(1), len(b.pool.X)/b.Dim
	for i := range p {
		b.t[i] = T((float64(first+i) + float64(jitter[i])) / float64(n))
		b.pick[i] = min(int(float64(pick[i])*float64(size)), size-1)
	}
	b.gather(b.x1, b.pool.X)
	b.gather(b.g1, b.pool.Score)
	b.coefficients()
	far, std, pull, noise := b.c.Row(cFar), b.c.Row(cStd), b.c.Row(cPull), b.c.Row(cNoise)
	for k := range b.Dim {
		x, x0, x1, eps, s := b.x.Row(k), b.x0.Row(k), b.x1.Row(k), b.eps.Row(k), b.s.Row(k)
		vec.Mul(x, far, x0)
		vec.MulAdd(x, b.t, x1, x)
		vec.MulAdd(x, std, eps, x)
		vec.Mul(s, pull, b.g1.Row(k))
		vec.MulAdd(s, b.c.Row(cRef), x0, s)
		vec.MulAdd(s, noise, eps, s)
		vec.Sub(b.a.Row(k), x1, x0)
		if b.Base {
			vec.MulAdd(b.a.Row(k), b.c.Row(cBaseA), x, b.a.Row(k))
			vec.MulAdd(s, b.c.Row(cBaseS), x, s)
		}
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
		w := sigma * t * (1 - t) // 1/V₂
		lambda, std := 1/(1+b.v1*w), math.Sqrt(w)
		v := (1-t)*(1-t)*s0 + t*t + w
		b.weight[i] = T(w + 1/b.v1)
		for r, c := range [coefficients]float64{1 - t, std, lambda, -b.v1 * std * lambda, -lambda / s0, ((1-t)*s0 - t) / v, 1 / v} {
			b.c.Row(r)[i] = T(c)
		}
	}
}
