package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// groupColumns is about how many columns, directions times points, are evaluated side by side: their tiles stay in cache.
const groupColumns = 256

// ridge is what fields and potentials over directions share. Along direction j a net of one coordinate z_j = s a_j·x, of
// time and of an embedding is differentiated; with σ = s·Scale,
//
//	∇φ = σ Aᵀ h′    Δφ = σ² Σ_j |a_j|² h″_j    div μ = σ Σ_j |a_j|² g′_j,
//
// so that the adjoint has, besides what comes by z and by the outer Aᵀ, a part by the |a_j|².
type ridge[T vec.Float] struct {
	net    *nn.Ridge[T]
	in     *Input[T]
	sigma  T
	groups []group[T]
	z, bar tile.Tile[T] // projections, and their cotangents
	norm   []T          // |a_j|²
	sums   []T

	diag, squares tile.Tile[T] // the part by |a_j|², for sinks that want to see it; made when first wanted
}

// group is directions from to to−1, side by side.
type group[T vec.Float] struct {
	from, to int
	in       *Input[T]
	bar      tile.Tile[T] // cotangents of in's rows
	embed    tile.Tile[T] // and of the embeddings, one after the other
}

func newRidge[T vec.Float](net *nn.Ridge[T], in *Input[T], a *tile.Arena[T]) *ridge[T] {
	if net.Dim != in.Dim || net.Shared != in.slope.Rows || in.rows() != in.Width() {
		panic("jet: the ridge net's state and shared rows must be the coordinates and the features of time")
	}
	p := in.u.P
	r := &ridge[T]{net: net, in: in, sigma: T(net.Scale * in.Scale)}
	for at, c := 0, max(1, groupColumns/p); at < net.Directions; at += c {
		g := group[T]{from: at, to: min(at+c, net.Directions)}
		g.in = newInput(Features{Dim: 1, Scale: 1, Time: in.Time}, net.EmbedDim, (g.to-g.from)*p, a)
		g.bar, g.embed = a.Tile(g.in.rows(), g.in.u.P), a.Tile((g.to-g.from)*net.EmbedDim, p)
		r.groups = append(r.groups, g)
	}
	r.z, r.bar = a.Tile(net.Directions, p), a.Tile(net.Directions, p)
	r.norm, r.sums = a.Slice(net.Directions), a.Slice(net.Directions)
	return r
}

// part is the rows of the group's directions, one after the other: a row of the group's tiles.
func (g *group[T]) part(t tile.Tile[T]) tile.Tile[T] {
	return tile.Of(t.Slice(g.from, g.to).Flat(), 1, (g.to-g.from)*t.P)
}

// begin fills in the embeddings and the squares of the directions' lengths.
func (r *ridge[T]) begin(w *nn.Params[T]) {
	n := r.net.Directions
	clear(r.norm)
	for i, v := range nn.Matrix(r.net.A, w.Theta) {
		r.norm[i%n] += v * v
	}
	e := r.net.EmbedDim
	if e == 0 {
		return
	}
	embed, p := w.Of(r.net.Net.Embed), r.in.u.P
	for _, g := range r.groups {
		rows := g.in.u.Slice(r.in.slope.Rows+1, g.in.rows())
		for j := g.from; j < g.to; j++ {
			for i, v := range embed[j*e : (j+1)*e] {
				rows.Slice(i, i+1).Columns((j-g.from)*p, (j-g.from+1)*p).Fill(v)
			}
		}
	}
}

// project sets the groups' inputs.
func (r *ridge[T]) project(w *nn.Params[T]) {
	w.Linear(r.net.A, r.in.u.Slice(0, r.net.Dim), r.z, none[T]())
	vec.Scale(r.z.Data, T(r.net.Scale), r.z.Data)
	p := r.in.u.P
	for _, g := range r.groups {
		copy(g.in.u.Row(0), g.part(r.z).Data)
		for j := 0; j < g.in.u.P; j += p {
			g.in.time().Columns(j, j+p).Copy(r.in.time())
			g.in.slope.Columns(j, j+p).Copy(r.in.slope)
		}
	}
}

// gather takes the cotangents of group g's inputs: to the embeddings, and those of z to bar.
func (r *ridge[T]) gather(g *group[T], s nn.Sink[T]) {
	p, e := r.in.u.P, r.net.EmbedDim
	vec.Scale(g.part(r.bar).Data, T(r.net.Scale), g.bar.Row(0))
	if e == 0 {
		return
	}
	rows := g.bar.Slice(r.in.slope.Rows+1, g.bar.Rows)
	for j := range g.to - g.from {
		g.embed.Slice(j*e, (j+1)*e).Copy(rows.Columns(j*p, (j+1)*p))
	}
	s.Vector(r.net.Net.Embed.Off+g.from*e, g.embed)
}

// directions tells the sink what A has done to z, once all groups are gathered, and outside: out is the cotangent of what
// A carried v to.
func (r *ridge[T]) directions(s nn.Sink[T], out, v tile.Tile[T]) {
	s.Dense(r.net.A, out, v)
	s.Dense(r.net.A, r.in.u.Slice(0, r.net.Dim), r.bar)
}

// squared sets dst to scale Σ_j |a_j|² v_j.
func (r *ridge[T]) squared(dst, v tile.Tile[T], scale T) {
	vec.Scale(r.sums, scale, r.norm)
	vec.Gemm(1, v.P, v.Rows, r.sums, 0, 1, v.Data, v.LD, nil, 0, dst.Data, dst.LD)
}

// squaredBack tells the sink of squared's cotangent: Ā_ji = 2 scale a_ji Σ_particles bar v_j.
func (r *ridge[T]) squaredBack(w *nn.Params[T], s nn.Sink[T], bar, v tile.Tile[T], scale T) {
	d, n, p, a := r.net.Dim, r.net.Directions, v.P, nn.Matrix(r.net.A, w.Theta)
	if g, ok := s.(*nn.Gradient[T]); ok {
		clear(r.sums)
		vec.DotRows(r.sums, 1, v.Data, n, v.LD, bar.Data)
		for i, x := range a {
			g.G[r.net.A.Off+i] += 2 * scale * x * r.sums[i%n]
		}
		return
	}
	// For one particle it is a full matrix: a term a coordinate.
	if r.diag.IsZero() {
		r.diag, r.squares = tile.New[T](d, d*p), tile.New[T](n, d*p)
	}
	for i := range d {
		copy(r.diag.Row(i)[i*p:(i+1)*p], bar.Data)
		for j := range n {
			vec.Scale(r.squares.Row(j)[i*p:(i+1)*p], 2*scale*a[i*n+j], v.Row(j))
		}
	}
	s.Dense(r.net.A, r.diag, r.squares)
}

// products is the number of operations with A for a particle: projections, what it carries out, and their adjoints.
func (r *ridge[T]) products() float64 { return float64(12 * r.net.Dim * r.net.Directions) }
