package bridge

import (
	"context"
	"sync"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// step is the known part of a step and of its reversal.
type step struct {
	h           float64
	keep, undo  float64 // of x there and of x′ back
	push, pull  float64 // of s: σ²t, σ²(1−t′)
	there, back spread
}

// spread is a variance, fixed + learned·e^ℓ.
type spread struct{ fixed, learned float64 }

// steps are those of the model between times.
func (m *model) steps(times []float64) []step {
	var out []step
	s0, sigma := m.Reference*m.Reference, m.Sigma*m.Sigma
	for k, t := range times[:len(times)-1] {
		end := times[k+1]
		h, at, to := end-t, m.law(t), m.law(end)
		cov := (1-t)*(1-end)*s0 + t*end + sigma*t*(1-end)
		r := 1 / ((1-end)*s0 + sigma*end)
		f, b, x0 := h/(1-t), h/end, end*s0*r
		out = append(out, step{
			h: h, keep: cov / at.v, undo: cov / to.v, push: sigma * t, pull: sigma * (1 - end),
			there: spread{sigma * h * (1 - end) / (1 - t), f * f * at.w / at.v},
			back:  spread{sigma*h*t/end + b*b*s0*sigma*end*r, b * b * x0 * x0 * to.w / to.v},
		})
	}
	return out
}

// sdePath serves the kernels, their weights exact.
type sdePath struct {
	*model
	times  []float64
	known  []step
	params *nn.Params[float32]
	ends   []int // of the segments, as indices of times, from 0 on

	mu   sync.Mutex
	free []*mover
}

func newSDE(m *model, times []float64, theta []float32) *sdePath {
	return &sdePath{model: m, times: times, known: m.steps(times), params: m.served(theta), ends: []int{0, len(times) - 1}}
}

func (p *sdePath) Info() smc.TransportInfo { return smc.TransportInfo{Exact: true} }
func (p *sdePath) Scale() float64          { return p.Reference }
func (p *sdePath) Forgets() bool           { return false }
func (p *sdePath) Cuts() []smc.Cut         { return learn.Unknown(len(p.ends) - 1) }

// SetCuts cuts the path into n segments of about as many steps each, one at least.
func (p *sdePath) SetCuts(n int) (err error) {
	p.ends, err = learn.Ends(n, len(p.known))
	return err
}

func (p *sdePath) Move(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.run(ctx, y, ratio, first, func(m *mover, first uint32) { m.there(p.ends[k-1], p.ends[k], key, first) })
}

func (p *sdePath) Return(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error {
	return p.run(ctx, y, ratio, first, func(m *mover, first uint32) { m.back(p.ends[k], p.ends[k-1], key, first) })
}

// mover takes a tile along; it belongs to one caller at a time.
type mover struct {
	heads
	times                       []float64
	known                       []step
	x, mean, var1, xi, rho, tmp tile.Tile[float32]
	lr, wide                    []float64
}

func (p *sdePath) newMover() *mover {
	m := &mover{heads: newHeads(p.model, p.params, learn.Lanes), times: p.times, known: p.known, lr: make([]float64, learn.Lanes), wide: make([]float64, learn.Lanes)}
	for _, t := range []*tile.Tile[float32]{&m.x, &m.mean, &m.var1, &m.xi, &m.rho, &m.tmp} {
		*t = tile.New[float32](p.Dim, learn.Lanes)
	}
	return m
}

func (p *sdePath) run(ctx context.Context, y, ratio []float64, first uint32, move func(*mover, uint32)) error {
	p.mu.Lock()
	var m *mover
	if n := len(p.free); n > 0 {
		m, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if m == nil {
		m = p.newMover()
	}
	defer func() {
		p.mu.Lock()
		p.free = append(p.free, m)
		p.mu.Unlock()
	}()
	for d, at := p.Dim, 0; at*d < len(y); at += learn.Lanes {
		rows := y[at*d : min((at+learn.Lanes)*d, len(y))]
		tile.Pack64(m.x, rows)
		clear(m.lr)
		move(m, first+uint32(at))
		tile.Unpack64(rows, m.x)
		copy(ratio[at:min(at+learn.Lanes, len(ratio))], m.lr)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// mostSpread bounds ℓ, which is far from what it was fitted to where nothing was drawn.
const mostSpread = 8

// kernel sets mean to keep·x + h(±a + c s) and var1 to the variances.
func (m *mover) kernel(y, x tile.Tile[float32], keep, h, sign, c float64, v spread) {
	vec.Scale(m.mean.Flat(), float32(keep), x.Flat())
	vec.Axpy(m.mean.Flat(), float32(sign*h), m.a(y).Flat())
	vec.Axpy(m.mean.Flat(), float32(h*c), m.s(y).Flat())
	if !m.Spread {
		m.var1.Fill(float32(v.fixed + v.learned))
		return
	}
	e := m.var1.Flat()
	for i, l := range m.l(y).Flat() {
		e[i] = min(max(l, -mostSpread), mostSpread)
	}
	vec.Exp(e, e)
	vec.Scale(e, float32(v.learned), e)
	for i := range e {
		e[i] += float32(v.fixed)
	}
}

// weigh adds sign·(½ξ² + log sd) to the ratios, sd being what tmp was rounded to: the logs of what was not are off by much the
// same for all particles.
func (m *mover) weigh(xi tile.Tile[float32], sign float64) {
	for i := range m.Dim {
		vec.Widen(m.wide, m.tmp.Row(i))
		vec.Log(m.wide, m.wide)
		vec.Axpy(m.lr, sign, m.wide)
		vec.Widen(m.wide, xi.Row(i))
		vec.Mul(m.wide, m.wide, m.wide)
		vec.Axpy(m.lr, sign/2, m.wide)
	}
}

// evaluate is the net's output at x, time number k.
func (m *mover) evaluate(k int) tile.Tile[float32] {
	m.fill(m.times[k], m.x)
	return m.pass.Forward(m.params, nil)
}

// draw sets x to a draw of the kernel that is in mean and var1, with noise of step k, and weighs it.
func (m *mover) draw(key rng.Key, first uint32, k int, inner uint32, sign float64) {
	vec.Normals(m.xi.Data, m.xi.P, m.Dim, m.xi.P, key, first, uint32(k), inner)
	vec.Sqrt(m.tmp.Flat(), m.var1.Flat())
	vec.MulAdd(m.x.Flat(), m.tmp.Flat(), m.xi.Flat(), m.mean.Flat())
	m.weigh(m.xi, sign)
}

// undraw weighs the kernel that is in mean and var1 for having come to x.
func (m *mover) undraw(x tile.Tile[float32], sign float64) {
	vec.Sub(m.xi.Flat(), x.Flat(), m.mean.Flat())
	vec.Sqrt(m.tmp.Flat(), m.var1.Flat())
	vec.Div(m.xi.Flat(), m.xi.Flat(), m.tmp.Flat())
	m.weigh(m.xi, sign)
}

// there goes from time number from to a later one.
func (m *mover) there(from, to int, key rng.Key, first uint32) {
	y := m.evaluate(from)
	for k := from; k < to; k++ {
		s := m.known[k]
		m.rho.Copy(m.x)
		m.kernel(y, m.x, s.keep, s.h, 1, s.push, s.there)
		m.draw(key, first, k, 0, 1)
		y = m.evaluate(k + 1)
		m.kernel(y, m.x, s.undo, s.h, -1, s.pull, s.back)
		m.undraw(m.rho, -1)
	}
}

// back goes from time number from to an earlier one.
func (m *mover) back(from, to int, key rng.Key, first uint32) {
	y := m.evaluate(from)
	for k := from - 1; k >= to; k-- {
		s := m.known[k]
		m.rho.Copy(m.x)
		m.kernel(y, m.x, s.undo, s.h, -1, s.pull, s.back)
		m.draw(key, first, k, 1, -1)
		y = m.evaluate(k)
		m.kernel(y, m.x, s.keep, s.h, 1, s.push, s.there)
		m.undraw(m.rho, 1)
	}
}

var _ learn.Returns = (*sdePath)(nil)
