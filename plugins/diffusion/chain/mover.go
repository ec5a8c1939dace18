package chain

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Mover runs particles along a trained chain without keeping their paths. It belongs to one worker.
type Mover[T vec.Float] struct {
	w      *worker[T]
	p      int
	params *nn.Params[T]
	clock  *control.Clock[T]
	target Target[T]
	xi     tile.Tile[T]
	dlw    []float64
}

// NewMover makes a mover for tiles of p particles, which asks target as worker number id.
func NewMover[T vec.Float](s *Sampler[T], params *nn.Params[T], p int, target Target[T], id int) *Mover[T] {
	m := &Mover[T]{w: newWorker(s, id, p, &s.Control.Layout), p: p, params: params, clock: s.NewClock(), target: target, xi: tile.New[T](s.Dim, p), dlw: make([]float64, p)}
	if m.clock != nil {
		m.clock.Record(params)
	}
	return m
}

// Forward takes the n particles y, n×d row-major, from time index from to to, in place, and sets ratio to Σ log B − log F
// of each. Particle i draws the noise of slot first+i of key. Of a chain that starts at a point the states at time 0 are
// not looked at, and the ratio of its first step is −log F alone.
func (m *Mover[T]) Forward(y, ratio []float64, from, to int, key rng.Key, first uint32) error {
	return m.tiles(y, ratio, func(at int) { m.forward(from, to, key, first+uint32(at)) })
}

// Backward draws the way back, from time index from down to to, and sets ratio to the same sum, of the steps there, as
// Forward would for the same path. A chain that starts at a point ends there.
func (m *Mover[T]) Backward(y, ratio []float64, from, to int, key rng.Key, first uint32) error {
	return m.tiles(y, ratio, func(at int) { m.backward(from, to, key, first+uint32(at)) })
}

// tiles calls move for particle at and those that fit into a tile with it; they are in w.x and leave from there, and the
// ratios in dlw.
func (m *Mover[T]) tiles(y, ratio []float64, move func(at int)) error {
	d, x := m.w.Dim, m.w.x
	for at := 0; at*d < len(y); at += m.p {
		rows := y[at*d : min((at+m.p)*d, len(y))]
		n := len(rows) / d
		for i := range d {
			r := x.Row(i)
			for j := range r {
				r[j] = T(rows[min(j, n-1)*d+i]) // lanes beyond the last repeat it
			}
		}
		clear(m.dlw)
		move(at)
		for i := range d {
			for j, v := range m.w.x.Row(i)[:n] {
				rows[j*d+i] = float64(v)
			}
		}
		copy(ratio[at:at+n], m.dlw)
	}
	return m.target.Err()
}

// visit evaluates the control at w.x and the score there.
func (m *Mover[T]) visit(k int) {
	w := m.w
	if w.needsQ(k) {
		m.target.Eval(w.id, w.logp, w.raw, w.x)
	}
	w.visit(m.params, m.clock, w.x, w.raw, k, nil, false)
}

func (m *Mover[T]) forward(from, to int, key rng.Key, first uint32) {
	w := m.w
	if from == 0 && w.Delta() {
		w.x.Fill(0)
	}
	m.visit(from)
	for k := from; k < to; k++ {
		vec.Normals(m.xi.Data, m.p, w.Dim, m.p, key, first, uint32(k), 0)
		w.forward(w.next, w.x, k)
		w.step(w.next, m.xi, k)
		w.leave(m.dlw, m.xi, k)
		w.cur.Copy(w.x)
		w.x.Copy(w.next)
		m.visit(k + 1)
		w.arrive(m.dlw, w.cur, w.x, m.xi, k)
	}
}

func (m *Mover[T]) backward(from, to int, key rng.Key, first uint32) {
	w := m.w
	m.visit(from)
	for k := from - 1; k >= to; k-- {
		w.cur.Copy(w.x) // the end of step k
		b := w.Steps[k].Backward
		if b.Var == 0 {
			w.x.Fill(0)
		} else {
			vec.Normals(m.xi.Data, m.p, w.Dim, m.p, key, first, uint32(k), 1)
			w.undo(w.x, w.cur, k)
			vec.Axpy(w.x.Flat(), root[T](b), m.xi.Flat())
			w.rho.Copy(m.xi)
		}
		m.visit(k)
		w.forward(w.next, w.x, k)
		w.residual(m.xi, w.cur, w.next, k)
		w.leave(m.dlw, m.xi, k)
		w.balance(m.dlw, m.xi, k)
	}
}
