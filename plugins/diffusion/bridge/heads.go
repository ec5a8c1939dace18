package bridge

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/tile"
)

// model is what is trained: the net and what its inputs and outputs mean.
type model struct {
	match.Config
	layout nn.Layout
	net    *nn.MLP[float32]
	bend   []float32 // scores are divided by it before they are bounded; with scores as inputs
}

// bounded sets dst to tanh(q/bend); values of q that are no numbers give 0.
func (m *model) bounded(dst, q tile.Tile[float32]) {
	for i, c := range m.bend {
		row := dst.Row(i)
		vec.Scale(row, 1/c, q.Row(i))
		vec.Tanh(row, row)
		for j, v := range row {
			if v != v {
				row[j] = 0
			}
		}
	}
}

// head evaluates the net on one tile; it belongs to one worker.
type head struct {
	*model
	params *nn.Params[float32]
	target *space.Target[float32] // nil unless scores are inputs
	in, q  tile.Tile[float32]
	pass   nn.Pass[float32]
	logp   []float64
}

func newHead(m *model, params *nn.Params[float32], f *space.Frame, target targets.Density, p int) head {
	var a tile.Arena[float32]
	h := head{model: m, params: params, in: a.Input(m.Inputs(), p), q: a.Tile(m.Dim, p), logp: make([]float64, p)}
	if m.Extra > 0 {
		h.target = space.On[float32](f, target, 1, p)
	}
	h.pass = m.net.NewPass(&a, h.in, nil)
	return h
}

// fill sets the net's inputs for the points x at time t.
func (h *head) fill(t float64, x tile.Tile[float32]) {
	d, times := h.Dim, h.Time.Rows()
	h.in.Slice(0, d).Copy(x)
	rows := h.in.Slice(d, d+times)
	rows.Slice(0, 1).Fill(float32(t))
	nn.Fill(h.Time, rows, rows.Row(0))
	if h.Extra > 0 {
		h.target.Eval(0, h.logp, h.q, x)
		h.bounded(h.in.Slice(d+times, h.Inputs()), h.q)
	}
}

// The rows of the heads in the output y of the net.
func (m *model) a(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(0, m.Dim) }
func (m *model) s(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(m.Dim, 2*m.Dim) }
func (m *model) l(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(2*m.Dim, 3*m.Dim) }

// law is the Gaussian case: what belongs to a time.
type law struct{ w, v float64 }

func (m *model) law(t float64) law {
	w := (1-t)*(1-t)*m.Reference*m.Reference + m.Sigma*m.Sigma*t*(1-t)
	return law{w, w + t*t}
}

// refined are K+1 times, sin(πk/2K): ever closer towards the target.
func refined(k int) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = math.Sin(math.Pi / 2 * float64(i) / float64(k))
	}
	t[k] = 1
	return t
}
