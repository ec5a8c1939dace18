package pde

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// wayPieces is the number of steps that the flow is followed in, by Heun's scheme.
const wayPieces = 16

// way is where the drift leads, with the noise of equations that have one: one state of each piece of each particle's path, at a
// random time within it, in the coordinates that are not idle.
type way struct {
	y     tile.Tile[float32]
	times []float32

	model     *model
	key       rng.Key
	lanes     int
	in        tile.Tile[float32]
	drift     nn.Pass[float32]
	features  *jet.Input[float32]
	by        jet.Potential[float32] // in place of drift where that is a gradient
	sigma     float64
	pull      *pull // nil: there are no steps of Langevin's
	x, ahead  tile.Tile[float32]
	first     tile.Tile[float32]
	part, now []float32
}

// newWay makes room for n states; n is a multiple of wayPieces.
func newWay(m *model, n int, key rng.Key) *way {
	d, lanes := m.loss.Dim, (n+wayPieces-1)/wayPieces
	lanes = (lanes + 15) / 16 * 16
	var a tile.Arena[float32]
	w := &way{
		model: m, key: key, lanes: lanes, y: tile.New[float32](d, n), times: make([]float32, n),
		in: a.Input(m.loss.Width(), lanes), part: make([]float32, lanes), now: make([]float32, lanes),
	}
	if m.loss.Equation.Gradient() {
		w.features = jet.NewInput[float32](m.loss.Features, lanes, &a)
		w.by = jet.NewSlope(m.loss.Drift, w.features, false, &a)
	} else {
		w.drift = m.loss.Drift.NewPass(&a, w.in, nil)
	}
	if m.loss.Equation.Noisy() {
		w.sigma = m.sigma
	}
	for _, t := range []*tile.Tile[float32]{&w.x, &w.ahead, &w.first} {
		*t = tile.New[float32](d, lanes)
	}
	return w
}

// run follows the flow with parameters p.
func (w *way) run(ctx context.Context, p *nn.Params[float32], step uint32) error {
	if w.pull != nil {
		w.pull.use(ctx)
	}
	d, n := w.model.loss.Dim, len(w.times)
	vec.Normals(w.x.Data, w.lanes, d, w.lanes, w.key, 0, step, 0)
	for i, z := range w.x.Flat() {
		w.x.Data[i] = float32(w.model.p0.from(float64(stretched(z))))
	}
	vec.Uniforms(w.part, w.lanes, 1, w.lanes, w.key, 0, step, 1)
	if w.by != nil {
		w.by.Begin(p)
	}
	const h = 1. / wayPieces
	for piece := range wayPieces {
		t := float32(piece) * h
		w.first.Copy(w.at(p, w.x, t))
		w.ahead.Copy(w.x)
		vec.Axpy(w.ahead.Flat(), h, w.first.Flat())
		second := w.at(p, w.ahead, t+h)
		for lane := range w.lanes {
			at := lane*wayPieces + piece
			if at >= n {
				break
			}
			u := w.part[lane]
			w.times[at] = t + u*h
			for i := range d {
				a, b := w.first.Row(i)[lane], second.Row(i)[lane]
				w.y.Row(i)[at] = finite(w.x.Row(i)[lane] + u*h*(a+(b-a)*u/2))
			}
		}
		vec.Axpy(w.x.Flat(), h/2, w.first.Flat())
		vec.Axpy(w.x.Flat(), h/2, second.Flat())
		if w.pull != nil {
			v := w.model.sigma * w.model.sigma * h
			vec.Axpy(w.x.Flat(), float32(v/2), w.pull.at(w.x, float64(t+h)).Flat())
		}
		if w.sigma > 0 {
			vec.Normals(w.ahead.Data, w.lanes, d, w.lanes, w.key, 0, step, uint32(2+piece))
			vec.Axpy(w.x.Flat(), float32(w.sigma*math.Sqrt(h)), w.ahead.Flat())
		}
	}
	if w.pull != nil {
		return w.pull.err()
	}
	return nil
}

// finite is v, or nought.
func finite(v float32) float32 {
	if v-v != 0 {
		return 0
	}
	return v
}

// at is the drift at x and time t.
func (w *way) at(p *nn.Params[float32], x tile.Tile[float32], t float32) tile.Tile[float32] {
	for i := range w.now {
		w.now[i] = t
	}
	if w.by != nil {
		w.features.Set(x, w.now)
		return w.by.Forward(p).Grad
	}
	f := w.model.loss.Features
	vec.Scale(w.in.Slice(0, f.Dim).Flat(), float32(f.Scale), x.Flat())
	nn.Fill(f.Time, w.in.Slice(f.Dim, f.Width()), w.now)
	return w.drift.Forward(p, nil)
}
