package nn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// PerDimConfig describes a net that is shared by the dimensions. The input has Fields rows for each dimension (field f of
// dimension j in row f·Dim+j: the state, its score, …) and then Shared rows that all dimensions see (time).
type PerDimConfig struct {
	Dim, Fields, Shared int
	EmbedDim            int       // length of the vector that is learned for each dimension
	Outs                int       // outputs a dimension: output o of dimension j is row o·Dim+j
	MLP                 MLPConfig // of the shared net; In and Out follow from the above, and Cond is not for it
}

// PerDim applies one MLP to each dimension, knowing which it is by a learned embedding e_j:
//
//	y_j = MLP(x_j, q_j, …, s, e_j).
//
// Dimensions lie beside each other as if they were more particles, so it costs as much as an MLP of Dim times as many.
type PerDim[T vec.Float] struct {
	PerDimConfig
	Net   *MLP[T]
	Embed Tensor
}

// embedScale is the standard deviation that embeddings start with.
const embedScale = 1

// NewPerDim adds name.embed and the layers name.0, name.1, … to a layout.
func NewPerDim[T vec.Float](l *Layout, name string, c PerDimConfig) *PerDim[T] {
	if c.Dim < 1 || c.Fields < 1 || c.Outs < 1 || c.MLP.Cond {
		panic("nn: a net for each dimension needs dimensions, fields and outputs, and takes no conditions")
	}
	p := &PerDim[T]{PerDimConfig: c}
	if c.EmbedDim > 0 {
		p.Embed = l.Add(name+".embed", Init{Normal: embedScale}, c.Dim, c.EmbedDim)
	}
	m := c.MLP
	m.In, m.Out = c.Fields+c.Shared+c.EmbedDim, c.Outs
	p.Net = NewMLP[T](l, name, m)
	return p
}

func (n *PerDim[T]) In() int   { return n.Fields*n.Dim + n.Shared }
func (n *PerDim[T]) Out() int  { return n.Outs * n.Dim }
func (n *PerDim[T]) Cond() int { return 0 }
func (n *PerDim[T]) Kept() int { return n.Dim * n.Net.Kept() }

// groupColumns is about how many columns of dimensions times particles a group has: tiles of that width stay in cache.
const groupColumns = 256

// NewPass returns a pass.
func (n *PerDim[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	if x.Rows != n.In()+1 {
		panic("nn: the input must have In rows and one of ones")
	}
	p := &perDimPass[T]{PerDim: n, x: x}
	for at, c := 0, max(1, groupColumns/x.P); at < n.Dim; at += c {
		g := group[T]{from: at, to: min(at+c, n.Dim)}
		wide := (g.to - g.from) * x.P
		g.x = a.Input(n.Net.In(), wide)
		g.dy = a.Tile(n.Outs, wide)
		g.pass = n.Net.NewPass(a, g.x, nil)
		p.groups = append(p.groups, g)
	}
	p.y, p.dx = a.Tile(n.Out(), x.P), a.Tile(n.In(), x.P)
	return p
}

type perDimPass[T vec.Float] struct {
	*PerDim[T]
	x, y, dx tile.Tile[T]
	groups   []group[T]
	ty       tile.Tile[T]
}

// group is a few dimensions side by side: columns (j−from)·P to (j−from+1)·P−1 are those of dimension j.
type group[T vec.Float] struct {
	from, to  int
	x, dy, tx tile.Tile[T]
	pass      Pass[T]
}

// block is the columns of dimension j in a tile of the group.
func (g *group[T]) block(t tile.Tile[T], j, p int) tile.Tile[T] {
	return t.Columns((j-g.from)*p, (j-g.from+1)*p)
}

// spread lays out the rows of x for the group's dimensions, and embeddings e. Zero and nil stand for zeros.
func (p *perDimPass[T]) spread(g *group[T], dst, x tile.Tile[T], e []T) {
	if x.IsZero() {
		dst.Fill(0)
	}
	for j := g.from; j < g.to; j++ {
		b := g.block(dst, j, p.x.P)
		if !x.IsZero() {
			for f := range p.Fields {
				copy(b.Row(f), x.Row(f*p.Dim+j))
			}
			for s := range p.Shared {
				copy(b.Row(p.Fields+s), x.Row(p.Fields*p.Dim+s))
			}
		}
		for i := range p.EmbedDim {
			r, v := b.Row(p.Fields+p.Shared+i), T(0)
			if e != nil {
				v = e[j*p.EmbedDim+i]
			}
			for k := range r {
				r[k] = v
			}
		}
	}
}

// collect copies the group's outputs to their rows of dst.
func (p *perDimPass[T]) collect(g *group[T], dst, y tile.Tile[T]) {
	for j := g.from; j < g.to; j++ {
		b := g.block(y, j, p.x.P)
		for o := range p.Outs {
			copy(dst.Row(o*p.Dim+j), b.Row(o))
		}
	}
}

// embedding is e in a vector of parameters.
func (p *perDimPass[T]) embedding(w *Params[T]) []T {
	if w == nil || p.EmbedDim == 0 {
		return nil
	}
	return w.Of(p.Embed)
}

func (p *perDimPass[T]) cut(g *group[T], kept []T) (part, rest []T) {
	n := p.Net.Kept() * (g.to - g.from) * p.x.P
	if kept == nil || n == 0 {
		return nil, kept
	}
	return kept[:n:n], kept[n:]
}

func (p *perDimPass[T]) Forward(w *Params[T], keep []T) tile.Tile[T] {
	for i := range p.groups {
		g := &p.groups[i]
		p.spread(g, g.x, p.x, p.embedding(w))
		var part []T
		part, keep = p.cut(g, keep)
		p.collect(g, p.y, g.pass.Forward(w, part))
	}
	return p.y
}

func (p *perDimPass[T]) Record(w *Params[T], kept []T) tile.Tile[T] {
	for i := range p.groups {
		g := &p.groups[i]
		p.spread(g, g.x, p.x, p.embedding(w))
		var part []T
		part, kept = p.cut(g, kept)
		p.collect(g, p.y, g.pass.Record(w, part))
	}
	return p.y
}

func (p *perDimPass[T]) Backward(w *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	if wantDX {
		p.dx.Slice(p.Fields*p.Dim, p.In()).Fill(0)
	}
	embeds := s != nil && p.EmbedDim > 0
	for i := range p.groups {
		g := &p.groups[i]
		for j := g.from; j < g.to; j++ {
			b := g.block(g.dy, j, p.x.P)
			for o := range p.Outs {
				copy(b.Row(o), dy.Row(o*p.Dim+j))
			}
		}
		dx := g.pass.Backward(w, g.dy, s, wantDX || embeds)
		for j := g.from; j < g.to && (wantDX || embeds); j++ {
			b := g.block(dx, j, p.x.P)
			if embeds {
				s.Vector(p.Embed.Off+j*p.EmbedDim, b.Slice(p.Fields+p.Shared, b.Rows))
			}
			if !wantDX {
				continue
			}
			for f := range p.Fields {
				copy(p.dx.Row(f*p.Dim+j), b.Row(f))
			}
			for q := range p.Shared {
				r := p.dx.Row(p.Fields*p.Dim + q)
				vec.Add(r, r, b.Row(p.Fields+q))
			}
		}
	}
	if !wantDX {
		return tile.Tile[T]{}
	}
	return p.dx
}

func (p *perDimPass[T]) JVP(w, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	p.tangents()
	for i := range p.groups {
		g := &p.groups[i]
		p.spread(g, g.tx, tx, p.embedding(dw))
		p.collect(g, p.ty, g.pass.JVP(w, dw, g.tx))
	}
	return p.ty
}

// slope sets dst, of Out rows, to ∂y_oj/∂x_j, x the first field: the net is asked once, for all dimensions.
func (p *perDimPass[T]) slope(w *Params[T], dst tile.Tile[T]) {
	p.tangents()
	for i := range p.groups {
		g := &p.groups[i]
		g.tx.Fill(0)
		g.tx.Slice(0, 1).Fill(1)
		p.collect(g, dst, g.pass.JVP(w, nil, g.tx))
	}
}

func (p *perDimPass[T]) tangents() {
	if !p.ty.IsZero() {
		return
	}
	p.ty = tile.New[T](p.Out(), p.x.P)
	for i := range p.groups {
		g := &p.groups[i]
		g.tx = tile.New[T](p.Net.In(), g.x.P)
	}
}
