package regress

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// sample is a tile of samples: states on the way back from draws of the pilot, and what the next state is to be there. A
// worker owns one.
type sample[T vec.Float] struct {
	at   []int        // k of each
	x    tile.Tile[T] // x_k
	aim  tile.Tile[T] // c_1 x + c_2 y − κx, κ of the way there: the step's mean, less what of it is known
	gap  tile.Tile[T] // c_2(ŷ − y)
	left tile.Tile[T] // the diagonal of w + c_2² r (α + rM)⁻¹

	y, s           tile.Tile[T] // the draws and their scores, in the pilot's axes
	turned         tile.Tile[T] // scratch
	picked, scores []T          // the draws and scores, row-major
	u              tile.Tile[T]
	c              tile.Tile[T] // coefficients of the samples' times, a row each
	row            []T
}

const (
	cAlpha = iota
	cStd
	cRatio
	cLead  // c_1 − κ
	cDraw  // c_2
	cDraw2 // c_2²
	cVar   // w
	cPush  // π
	cUnit  // 1/v
	coefficients
)

func newSample[T vec.Float](a *tile.Arena[T], d, p int) *sample[T] {
	m := &sample[T]{at: make([]int, p), picked: a.Slice(d * p), scores: a.Slice(d * p), row: a.Slice(p)}
	for _, t := range []*tile.Tile[T]{&m.x, &m.aim, &m.gap, &m.left, &m.y, &m.s, &m.turned} {
		*t = a.Tile(d, p)
	}
	m.u, m.c = a.Tile(2, p), a.Tile(coefficients, p)
	return m
}

// row is the coefficients of a time, f being the way there.
func row[T vec.Float](n node, f chain.Kernel) (r [coefficients]T) {
	for c, v := range [coefficients]float64{n.alpha, n.std, n.ratio, n.c1 - f.Keep, n.c2, n.c2 * n.c2, n.w, f.Push, 1 / f.Var} {
		r[c] = T(v)
	}
	return r
}

// draw fills m with samples first to first+P−1 of the iteration. Their times are stratified.
func (s *Step[T]) draw(m *sample[T], first int) {
	d, p, k, size := s.Dim, s.p, s.K(), len(s.pilot.X)/s.Dim
	vec.Normals(m.x.Data, p, d, p, s.key, uint32(first), s.iter, 0)
	vec.Uniforms(m.u.Data, p, 2, p, s.key, uint32(first), s.iter, 1)
	jitter, pick := m.u.Row(0), m.u.Row(1)
	for i := range m.at {
		at := min(int((float64(first+i)+float64(jitter[i]))*float64(k)/float64(s.n)), k-1)
		m.at[i] = at
		for c, v := range s.table[at] {
			m.c.Data[c*p+i] = v
		}
		j := min(int(float64(pick[i])*float64(size)), size-1)
		copy(m.picked[i*d:(i+1)*d], s.pilot.X[j*d:])
		copy(m.scores[i*d:(i+1)*d], s.pilot.Score[j*d:])
	}
	tile.Pack(m.y, m.picked)
	tile.Pack(m.s, m.scores)
	s.aim(m)
}

// aim works out where the next states are to go, in the axes of M, and turns it all to the coordinates.
func (s *Step[T]) aim(m *sample[T]) {
	alpha, std, ratio, c2 := m.c.Row(cAlpha), m.c.Row(cStd), m.c.Row(cRatio), m.c.Row(cDraw)
	for i := range s.Dim {
		x, y, gap, left, aim := m.x.Row(i), m.y.Row(i), m.gap.Row(i), m.left.Row(i), m.aim.Row(i)
		vec.Scale(m.row, T(s.pilot.Precision[i]), ratio) // α + κr
		vec.Add(m.row, m.row, alpha)

		vec.Mul(x, std, x)
		vec.MulAdd(gap, ratio, m.s.Row(i), x) // ŷ − y = (x − αy + r s)/(α + κr)
		vec.Div(gap, gap, m.row)
		vec.Mul(gap, c2, gap)

		vec.MulAdd(x, alpha, y, x)
		vec.Mul(aim, c2, y)
		vec.MulAdd(aim, m.c.Row(cLead), x, aim)

		vec.Div(left, ratio, m.row)
		vec.MulAdd(left, m.c.Row(cDraw2), left, m.c.Row(cVar))
	}
	if s.axes == nil {
		return
	}
	for _, t := range []*tile.Tile[T]{&m.x, &m.gap, &m.aim} {
		s.turn(m.turned, s.axes, *t)
		m.turned, *t = *t, m.turned
	}
	s.turn(m.turned, s.squares, m.left)
	m.turned, m.left = m.left, m.turned
}

// turn sets dst = a src.
func (s *Step[T]) turn(dst tile.Tile[T], a []T, src tile.Tile[T]) {
	vec.Gemm(s.Dim, s.p, s.Dim, a, s.Dim, 1, src.Data, s.p, nil, 0, dst.Data, s.p)
}

// fill sets the control's inputs and conditions.
func (s *Step[T]) fill(w *worker[T]) {
	control.Fill(&s.Inputs, w.in, w.x, w.q, w.row)
	if n := s.Control.Time.Rows(); s.Control.Net.Times > 0 {
		t := w.in.Slice(w.in.Rows-1-n, w.in.Rows-1)
		for i, k := range w.at {
			t.Row(0)[i] = T(s.Times[k] / s.Times[s.K()])
		}
		nn.Fill(s.Control.Time, t, t.Row(0))
	}
	if s.clock == nil {
		return
	}
	n := s.clock.Out()
	for i, k := range w.at {
		copy(w.gathered[i*n:(i+1)*n], s.clock.Row(k))
	}
	vec.Transpose(w.cond.Tile.Data, s.p, w.gathered, n, s.p, n)
}

// scatter adds the adjoints of the conditions to those of their times.
func (s *Step[T]) scatter(w *worker[T], slot int) {
	if s.clock == nil {
		return
	}
	n := s.clock.Out()
	vec.Transpose(w.gathered, n, w.cond.DTile.Data, s.p, n, s.p)
	for i, k := range w.at {
		row := s.rows[slot][k*n : (k+1)*n]
		vec.Add(row, row, w.gathered[i*n:(i+1)*n])
	}
}
