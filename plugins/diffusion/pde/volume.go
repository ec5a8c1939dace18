package pde

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// mostTangents is the number of coordinates up to which a step's determinant may be asked for.
const mostTangents = 16

// mapped moves by the flow, in the scheme of Runge and Kutta, and weighs by the determinant of each step's Jacobian: E[w] = Z
// whatever the steps are, as long as they map no two points to one. The Jacobian's columns are tangents that go through the steps
// with the points.
type mapped struct {
	*path
	x, stage, v, sum tile.Tile[float32] // of coordinates that are not idle
	all              tile.Tile[float32]
	tangent, columns []tile.Tile[float32] // of a stage, and of the step
	in               tile.Tile[float32]
	net              nn.Pass[float32]
	tx               tile.Tile[float32] // a tangent of the net's inputs
	now              []float32
	jacobian         *mat.Dense
	lu               mat.LU
}

func newMapped(p *path) *mapped {
	f := p.model.loss.Features
	d := f.Dim
	var a tile.Arena[float32]
	m := &mapped{path: p, in: a.Input(f.Width(), learn.Lanes), all: tile.New[float32](p.model.dim, learn.Lanes), now: make([]float32, learn.Lanes), jacobian: mat.NewDense(d, d, nil)}
	m.tx = tile.New[float32](f.Width(), learn.Lanes)
	m.net = p.model.loss.Drift.NewPass(&a, m.in, nil)
	m.x = m.all.Slice(p.model.idle, p.model.dim)
	for _, t := range []*tile.Tile[float32]{&m.stage, &m.v, &m.sum} {
		*t = tile.New[float32](d, learn.Lanes)
	}
	for range d {
		m.tangent, m.columns = append(m.tangent, tile.New[float32](d, learn.Lanes)), append(m.columns, tile.New[float32](d, learn.Lanes))
	}
	return m
}

func (m *mapped) state() tile.Tile[float32] { return m.all }

func (m *mapped) move(_ context.Context, ratio []float64, from, to int, _ rng.Key, _ uint32) error {
	for k := from; k < to; k++ {
		m.step(ratio, m.times[k], m.times[k+1], 1)
	}
	for k := from; k > to; k-- {
		m.step(ratio, m.times[k], m.times[k-1], -1)
	}
	return nil
}

// step takes x from time t to end and adds log |det| to the ratios, or, on the way back, takes it off.
func (m *mapped) step(ratio []float64, t, end, sign float64) {
	h := end - t
	m.sum.Copy(m.x)
	m.stage.Copy(m.x)
	for c, col := range m.columns {
		col.Fill(0)
		col.Slice(c, c+1).Fill(1)
		m.tangent[c].Copy(col)
	}
	for _, s := range [4]struct{ at, reach, weight float64 }{{0, 0.5, 1. / 6}, {0.5, 0.5, 1. / 3}, {0.5, 1, 1. / 3}, {1, 0, 1. / 6}} {
		m.evaluate(t+s.at*h, m.stage)
		vec.Axpy(m.sum.Flat(), float32(h*s.weight), m.v.Flat())
		m.stage.Copy(m.x)
		vec.Axpy(m.stage.Flat(), float32(h*s.reach), m.v.Flat())
		for c, col := range m.tangent {
			vec.Scale(m.tx.Slice(0, col.Rows).Flat(), float32(m.model.loss.Features.Scale), col.Flat())
			rate := m.net.JVP(m.params, nil, m.tx)
			vec.Axpy(m.columns[c].Flat(), float32(h*s.weight), rate.Flat())
			col.Fill(0)
			col.Slice(c, c+1).Fill(1)
			vec.Axpy(col.Flat(), float32(h*s.reach), rate.Flat())
		}
	}
	m.x.Copy(m.sum)
	for j := range ratio {
		for c, col := range m.columns {
			for i := range col.Rows {
				m.jacobian.Set(i, c, float64(col.Row(i)[j]))
			}
		}
		m.lu.Factorize(m.jacobian)
		if l, _ := m.lu.LogDet(); !math.IsNaN(l) {
			ratio[j] += sign * l
		}
	}
}

// evaluate sets v to the drift, ready for tangents.
func (m *mapped) evaluate(t float64, x tile.Tile[float32]) {
	f := m.model.loss.Features
	for i := range m.now {
		m.now[i] = float32(t)
	}
	vec.Scale(m.in.Slice(0, f.Dim).Flat(), float32(f.Scale), x.Flat())
	nn.Fill(f.Time, m.in.Slice(f.Dim, f.Width()), m.now)
	m.v.Copy(m.net.Record(m.params, nil))
}
