package control

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Shape says what goes into a control and what comes out.
type Shape struct {
	Dim    int
	Active int  // the last coordinates are the net's too; 0: all
	Score  bool // the net sees tanh(q/c) of its coordinates
	Gates  bool // multiples of q̂ and y are added to the drifts
	Std    bool // there is ℓ
	Two    bool // there is b
	Times  int  // rows of features of time among the inputs
	Limit  float64
}

func (s Shape) active() int {
	if s.Active == 0 {
		return s.Dim
	}
	return s.Active
}

func (s Shape) qRows() int {
	if s.Gates {
		return s.Dim
	}
	return 0
}

// BodyIn is the number of inputs that the net n has: active coordinates, their bounded scores, features of time.
func (s Shape) BodyIn() int {
	n := s.active()
	if s.Score {
		n *= 2
	}
	return n + s.Times
}

// BodyOut is the number of its outputs: those of a, ℓ and b, in this order, for the active coordinates.
func (s Shape) BodyOut() int { return s.active() * s.blocks() }

// GateCount is the number of values that a Clock gives beside the conditions of n.
func (s Shape) GateCount() int {
	n := 0
	if s.Std {
		n++
	}
	if s.Gates {
		n += 2
		if s.Two {
			n += 2
		}
	}
	return n * s.Dim
}

// NeedsScore tells whether q is looked at.
func (s Shape) NeedsScore() bool { return s.Score || s.Gates }

// blocks is how many vectors of Dim come out.
func (s Shape) blocks() int {
	n := 1
	if s.Std {
		n++
	}
	if s.Two {
		n++
	}
	return n
}

// Net is a control as a nn.Net: the rows of its input are q̂ (with Gates), y, tanh(q/c) of the active coordinates (with
// Score) and features of time; those of its output are a, ℓ (with Std) and b (with Two).
type Net[T vec.Float] struct {
	Shape
	Body nn.Net[T]
}

// New checks that body fits.
func New[T vec.Float](s Shape, body nn.Net[T]) *Net[T] {
	if s.Limit == 0 {
		s.Limit = 1
	}
	if body.In() != s.BodyIn() || body.Out() != s.BodyOut() {
		panic("control: the net does not fit its shape")
	}
	return &Net[T]{s, body}
}

func (n *Net[T]) In() int   { return n.qRows() + n.Dim - n.active() + n.BodyIn() }
func (n *Net[T]) Out() int  { return n.Dim * n.blocks() }
func (n *Net[T]) Cond() int { return n.Body.Cond() + n.GateCount() }
func (n *Net[T]) Kept() int { return n.Body.Kept() }

// A, Std and B are the parts of an output y.
func (n *Net[T]) A(y tile.Tile[T]) tile.Tile[T] { return y.Slice(0, n.Dim) }

// LogStd is ℓ, the zero tile where there is none.
func (n *Net[T]) LogStd(y tile.Tile[T]) tile.Tile[T] {
	if !n.Shape.Std {
		return tile.Tile[T]{}
	}
	return y.Slice(n.Dim, 2*n.Dim)
}

// B is the drift of the way back, the zero tile where there is none of its own.
func (n *Net[T]) B(y tile.Tile[T]) tile.Tile[T] {
	if !n.Two {
		return tile.Tile[T]{}
	}
	return y.Slice(n.Out()-n.Dim, n.Out())
}

// NewPass returns a pass.
func (n *Net[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], c *nn.Cond[T]) nn.Pass[T] {
	if x.Rows != n.In()+1 {
		panic("control: the input must have In rows and one of ones")
	}
	p := &pass[T]{Net: n, cond: c, q: x.Slice(0, n.qRows()), state: x.Slice(n.qRows(), n.qRows()+n.Dim)}
	p.from = n.qRows() + n.Dim - n.active()
	var inner *nn.Cond[T]
	if n.Body.Cond() > 0 {
		inner = &p.bodyCond
	}
	p.body = n.Body.NewPass(a, x.Slice(p.from, x.Rows), inner)
	p.y, p.dx, p.dn = a.Tile(n.Out(), x.P), a.Tile(n.In(), x.P), a.Tile(n.BodyOut(), x.P)
	if n.Shape.Std {
		p.v, p.slope = a.Tile(n.Dim, x.P), a.Tile(n.Dim, x.P)
	}
	return p
}

type pass[T vec.Float] struct {
	*Net[T]
	cond         *nn.Cond[T]
	bodyCond     nn.Cond[T]
	body         nn.Pass[T]
	from         int // the first input row of the body
	q, state     tile.Tile[T]
	y, dx, dn    tile.Tile[T]
	v, slope, ty tile.Tile[T]
}

func (p *pass[T]) condition() {
	if p.cond != nil {
		p.bodyCond = p.cond.Part(0, p.Body.Cond())
	}
}

func (p *pass[T]) Forward(w *nn.Params[T], keep []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Forward(w, keep))
}

func (p *pass[T]) Record(w *nn.Params[T], kept []T) tile.Tile[T] {
	p.condition()
	return p.finish(p.body.Record(w, kept))
}

// spread copies the active rows of n, block by block, into dst, and clears the others.
func (p *pass[T]) spread(dst, n tile.Tile[T]) {
	r, d := p.active(), p.Dim
	for k := range p.blocks() {
		dst.Slice(k*d, (k+1)*d-r).Fill(0)
		dst.Slice((k+1)*d-r, (k+1)*d).Copy(n.Slice(k*r, (k+1)*r))
	}
}

// gates lists, for each block that has a gate, the fields and the first condition of each.
func (p *pass[T]) drifts(visit func(block tile.Tile[T], field tile.Tile[T], gate int, fieldRow int), y tile.Tile[T]) {
	if !p.Gates {
		return
	}
	g, d := p.Body.Cond(), p.Dim
	visit(p.A(y), p.q, g, 0)
	visit(p.A(y), p.state, g+d, d)
	if p.Two {
		at := g + 2*d
		if p.Shape.Std {
			at += d
		}
		visit(p.B(y), p.q, at, 0)
		visit(p.B(y), p.state, at+d, d)
	}
}

// stdGate is the first condition of g_3.
func (p *pass[T]) stdGate() int {
	g := p.Body.Cond()
	if p.Gates {
		g += 2 * p.Dim
	}
	return g
}

func (p *pass[T]) finish(n tile.Tile[T]) tile.Tile[T] {
	p.spread(p.y, n)
	p.drifts(func(block, field tile.Tile[T], gate, _ int) {
		for i := range p.Dim {
			p.times(block.Row(i), field.Row(i), gate+i)
		}
	}, p.y)
	if p.Shape.Std {
		ls, g := p.LogStd(p.y), p.stdGate()
		for i := range p.Dim {
			v := p.v.Row(i)
			copy(v, ls.Row(i))
			p.shift(v, g+i)
		}
		vec.Scale(p.v.Flat(), T(1/p.Limit), p.v.Flat())
		vec.TanhD(ls.Flat(), p.slope.Flat(), p.v.Flat())
		vec.Scale(ls.Flat(), T(p.Limit), ls.Flat())
	}
	return p.y
}

// times adds condition c times x to y.
func (p *pass[T]) times(y, x []T, c int) {
	if p.cond.Row != nil {
		vec.Axpy(y, p.cond.Row[c], x)
	} else {
		vec.MulAdd(y, p.cond.Tile.Row(c), x, y)
	}
}

// shift adds condition c to y.
func (p *pass[T]) shift(y []T, c int) {
	if p.cond.Row == nil {
		vec.Add(y, y, p.cond.Tile.Row(c))
		return
	}
	s := p.cond.Row[c]
	for i := range y {
		y[i] += s
	}
}

// Backward is that of nn.Pass. It changes dy.
func (p *pass[T]) Backward(w *nn.Params[T], dy tile.Tile[T], s nn.Sink[T], wantDX bool) tile.Tile[T] {
	p.condition()
	r, d := p.active(), p.Dim
	if p.Shape.Std {
		dl, g := p.LogStd(dy), p.stdGate()
		vec.Mul(dl.Flat(), dl.Flat(), p.slope.Flat())
		for i := range d {
			if p.cond.DRow != nil {
				p.cond.DRow[g+i] += T(vec.Sum(dl.Row(i)))
			} else if !p.cond.DTile.IsZero() {
				copy(p.cond.DTile.Row(g+i), dl.Row(i))
			}
		}
	}
	for k := range p.blocks() {
		p.dn.Slice(k*r, (k+1)*r).Copy(dy.Slice((k+1)*d-r, (k+1)*d))
	}
	dx := p.body.Backward(w, p.dn, s, wantDX)
	if wantDX {
		p.dx.Slice(0, p.from).Fill(0)
		p.dx.Slice(p.from, p.In()).Copy(dx)
	}
	p.drifts(func(block, field tile.Tile[T], gate, row int) {
		for i := range d {
			b := block.Row(i)
			if p.cond.DRow != nil {
				p.cond.DRow[gate+i] += T(vec.Dot(b, field.Row(i)))
			} else if !p.cond.DTile.IsZero() {
				vec.Mul(p.cond.DTile.Row(gate+i), b, field.Row(i))
			}
			if wantDX {
				p.times(p.dx.Row(row+i), b, gate+i)
			}
		}
	}, dy)
	if !wantDX {
		return tile.Tile[T]{}
	}
	return p.dx
}

// JVP is that of nn.Pass.
func (p *pass[T]) JVP(w, dw *nn.Params[T], tx tile.Tile[T]) tile.Tile[T] {
	p.condition()
	if p.ty.IsZero() {
		p.ty = tile.New[T](p.Out(), p.y.P)
	}
	body := tx
	if !tx.IsZero() {
		body = tx.Slice(p.from, p.In())
	}
	p.spread(p.ty, p.body.JVP(w, dw, body))
	p.drifts(func(block, field tile.Tile[T], gate, row int) {
		for i := range p.Dim {
			if !tx.IsZero() {
				p.times(block.Row(i), tx.Row(row+i), gate+i)
			}
			if !p.cond.Tan.IsZero() {
				vec.MulAdd(block.Row(i), p.cond.Tan.Row(gate+i), field.Row(i), block.Row(i))
			}
		}
	}, p.ty)
	if p.Shape.Std {
		t, g := p.LogStd(p.ty), p.stdGate()
		if !p.cond.Tan.IsZero() {
			for i := range p.Dim {
				vec.Add(t.Row(i), t.Row(i), p.cond.Tan.Row(g+i))
			}
		}
		vec.Mul(t.Flat(), t.Flat(), p.slope.Flat())
	}
	return p.ty
}
