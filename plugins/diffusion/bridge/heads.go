package bridge

import (
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/tile"
)

// model is what is trained: the net and what its inputs and outputs mean.
type model struct {
	match.Config
	layout nn.Layout
	net    *nn.MLP[float32]
}

// newModel adds the net to a layout of its own.
func (p *Plan) newModel(d int) *model {
	m := &model{Config: match.Config{
		Dim: d, Reference: p.Reference, Sigma: p.Sigma, Base: true, Spread: p.Spread, Time: nn.Sinusoid{Harmonics: p.Harmonics},
	}}
	m.net = nn.NewMLP[float32](&m.layout, "match", nn.MLPConfig{In: m.Inputs(), Out: m.Outputs(), Hidden: p.Hidden, Residual: true})
	return m
}

// law is the Gaussian case at a time: the variance w of X_t given x₁, and v of X_t.
type law struct{ w, v float64 }

func (m *model) law(t float64) law {
	w := (1-t)*(1-t)*m.Reference*m.Reference + m.Sigma*m.Sigma*t*(1-t)
	return law{w, w + t*t}
}

// served is a copy of parameters, to be served.
func (m *model) served(theta []float32) *nn.Params[float32] {
	p := nn.NewParams[float32](&m.layout)
	copy(p.Theta, theta)
	p.Refresh()
	return p
}

// heads evaluates the net on one tile; it belongs to one worker.
type heads struct {
	*model
	params *nn.Params[float32]
	in     tile.Tile[float32]
	pass   nn.Pass[float32]
}

func newHeads(m *model, params *nn.Params[float32], p int) heads {
	var a tile.Arena[float32]
	h := heads{model: m, params: params, in: a.Input(m.Inputs(), p)}
	h.pass = m.net.NewPass(&a, h.in, nil)
	return h
}

// fill sets the net's inputs for the points x at time t.
func (h *heads) fill(t float64, x tile.Tile[float32]) {
	h.in.Slice(0, h.Dim).Copy(x)
	rows := h.in.Slice(h.Dim, h.Inputs())
	rows.Slice(0, 1).Fill(float32(t))
	nn.Fill(h.Time, rows, rows.Row(0))
}

// The rows of the heads in the output y of the net.
func (m *model) a(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(0, m.Dim) }
func (m *model) s(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(m.Dim, 2*m.Dim) }
func (m *model) l(y tile.Tile[float32]) tile.Tile[float32] { return y.Slice(2*m.Dim, 3*m.Dim) }
