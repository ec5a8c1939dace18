package pde

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/tile"
)

// value is V with its gradient, where log ρ and its score are known.
type value struct {
	*model
	params *nn.Params[float32]
	in     *jet.Input[float32]
	phi    jet.Potential[float32]
	now    []float32
	start  []float64
}

func newValue(p *path) *value {
	var a tile.Arena[float32]
	v := &value{model: p.model, params: p.params, in: jet.NewInput[float32](p.model.loss.Features, learn.Lanes, &a), now: a.Slice(learn.Lanes), start: make([]float64, learn.Lanes)}
	v.phi = jet.NewSlope(p.model.loss.Potential, v.in, true, &a)
	v.phi.Begin(p.params)
	return v
}

// gradient sets g, the score of the target at y, to ∇V(y, t).
func (v *value) gradient(t float64, y, g tile.Tile[float32]) jet.Scalar[float32] {
	for i := range v.now {
		v.now[i] = float32(t)
	}
	v.in.Set(y.Slice(v.idle, v.dim), v.now)
	phi := v.phi.Forward(v.params)
	l, _, m, _ := v.shares(t)
	vec.Scale(g.Flat(), float32(l), g.Flat())
	v.p0.pull(g, y, m)
	w, _ := v.gain(t)
	vec.Axpy(g.Slice(v.idle, v.dim).Flat(), float32(w), phi.Grad.Flat())
	return phi
}

// at sets logp, log ρ at y, to V(y, t), and g, its score, to ∇V.
func (v *value) at(t float64, y tile.Tile[float32], logp []float64, g tile.Tile[float32]) {
	phi := v.gradient(t, y, g)
	logStart(v.p0, v.start, y)
	l, _, m, _ := v.shares(t)
	w, _ := v.gain(t)
	z := v.model.norm(v.params.Of(v.loss.Norm()), t)
	for j, p := range logp {
		if math.IsInf(p, -1) && l > 0 {
			continue
		}
		logp[j] = l*p + m*v.start[j] - z + w*float64(phi.Value.Data[j])
	}
}

// LogOwn turns log ρ at points y, and the score unless it is nil, to V at the end of segment k, and its gradient.
func (p *path) LogOwn(_ context.Context, k int, y, logp, score []float64) error {
	v, d := p.takeValue(), p.model.dim
	x, g := tile.New[float32](d, learn.Lanes), tile.New[float32](d, learn.Lanes)
	lp := make([]float64, learn.Lanes)
	for at := 0; at < len(logp); at += learn.Lanes {
		hi := min(at+learn.Lanes, len(logp))
		tile.Pack64(x, y[at*d:hi*d])
		if score != nil {
			tile.Pack64(g, score[at*d:hi*d])
		}
		copy(lp, logp[at:hi])
		v.at(p.times[p.ends[k]], x, lp, g)
		copy(logp[at:hi], lp)
		if score != nil {
			tile.Unpack64(score[at*d:hi*d], g)
		}
	}
	p.mu.Lock()
	p.values = append(p.values, v)
	p.mu.Unlock()
	return nil
}

func (p *path) takeValue() *value {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.values); n > 0 {
		v := p.values[n-1]
		p.values = p.values[:n-1]
		return v
	}
	return newValue(p)
}
