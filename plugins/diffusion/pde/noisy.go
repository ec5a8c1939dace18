package pde

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// noise is what movers with noise share: ∇V and one normal step with its weight.
type noise struct {
	*path
	value    *value
	on       *space.Target[float32]
	x, grad  tile.Tile[float32] // ∇V at x
	from, xi tile.Tile[float32]
	logp     []float64
}

func newNoise(p *path) noise {
	n := noise{path: p, value: newValue(p), on: space.On[float32](p.frame, p.target, 1, learn.Lanes), logp: make([]float64, learn.Lanes)}
	for _, t := range []*tile.Tile[float32]{&n.x, &n.grad, &n.from, &n.xi} {
		*t = tile.New[float32](p.model.dim, learn.Lanes)
	}
	return n
}

func (n *noise) state() tile.Tile[float32] { return n.x }

// slope sets grad to ∇V(x, t). Scores that are not finite count as none.
func (n *noise) slope(t float64) {
	n.on.Eval(0, n.logp, n.grad, n.x)
	sane(n.grad)
	n.value.gradient(t, n.x, n.grad)
}

// draw takes x to x + h·drift + √v ξ, with from what it was, and adds sign·(½ξ² + log √v of each coordinate) to the ratios. √v is
// what it was rounded to: it differs from that of the way back by as much in each coordinate of each step, in one direction.
func (n *noise) draw(ratio []float64, drift tile.Tile[float32], h, v float64, key rng.Key, first uint32, k int, inner uint32, sign float64) {
	n.from.Copy(n.x)
	vec.Normals(n.xi.Data, n.xi.P, n.xi.Rows, n.xi.P, key, first, uint32(k), inner)
	vec.Axpy(n.x.Flat(), float32(h), drift.Flat())
	root := float32(math.Sqrt(v))
	vec.Axpy(n.x.Flat(), root, n.xi.Flat())
	n.weigh(ratio, sign, math.Log(float64(root)))
}

// undraw adds the same for the ξ that would take x back to from, by that drift at x.
func (n *noise) undraw(ratio []float64, drift tile.Tile[float32], h, v float64, sign float64) {
	vec.Sub(n.xi.Flat(), n.from.Flat(), n.x.Flat())
	vec.Axpy(n.xi.Flat(), float32(-h), drift.Flat())
	inverse := float32(1 / math.Sqrt(v))
	vec.Scale(n.xi.Flat(), inverse, n.xi.Flat())
	n.weigh(ratio, sign, -math.Log(float64(inverse)))
}

func (n *noise) weigh(ratio []float64, sign, logRoot float64) {
	for j := range ratio {
		ratio[j] += sign * float64(n.xi.Rows) * logRoot
	}
	for i := range n.xi.Rows {
		for j, v := range n.xi.Row(i) {
			ratio[j] += sign / 2 * float64(v) * float64(v)
		}
	}
}

// noisy moves by steps N(x + hμ_F, hσ²), the way back N(x′ + hμ_B, hσ²).
type noisy struct {
	noise
	drift       *drift // nil where V gives it
	net         tile.Tile[float32]
	there, back tile.Tile[float32] // μ_F and μ_B at x, of the steps from and to there
	div         []float32
}

func newNoisy(p *path) *noisy {
	n := &noisy{noise: newNoise(p), div: make([]float32, learn.Lanes)}
	for _, t := range []*tile.Tile[float32]{&n.net, &n.there, &n.back} {
		*t = tile.New[float32](p.model.dim, learn.Lanes)
	}
	if p.model.loss.Equation != pinn.Score {
		n.drift = newDrift(p)
	}
	return n
}

// spread is the variance of the noise in step k.
func (n *noise) spread(k int) float64 {
	return (n.times[k+1] - n.times[k]) * n.model.variance((n.times[k]+n.times[k+1])/2)
}

// step is a step's length, and the variance of its noise.
func (n *noisy) step(k int) (h, v float64) {
	h, v = n.times[k+1]-n.times[k], n.spread(k)
	if n.drift == nil {
		v = -math.Expm1(-v) // of the noising over all of the step
	}
	return h, v
}

// at evaluates what the drifts at x and time number k are made of.
func (n *noisy) at(k int) {
	n.slope(n.times[k])
	if n.drift != nil {
		n.drift.At(n.times[k], n.x, n.net, n.div)
	}
}

// ahead sets there to μ_F of step k.
func (n *noisy) ahead(k int) {
	h, v := n.step(k)
	if n.drift == nil { // to (x + v∇V)/α, the mean given where the noising has led, to first order in v
		a := math.Sqrt(1 - v)
		vec.Scale(n.there.Flat(), float32((1/a-1)/h), n.x.Flat())
		vec.Axpy(n.there.Flat(), float32(v/(a*h)), n.grad.Flat())
		return
	}
	half := float32(v / (2 * h))
	n.there.Copy(n.net)
	if n.model.loss.Equation.Noisy() { // the net is μ_F; of idle coordinates it knows nothing
		vec.Axpy(n.there.Slice(0, n.model.idle).Flat(), half, n.grad.Slice(0, n.model.idle).Flat())
	} else {
		vec.Axpy(n.there.Flat(), half, n.grad.Flat())
	}
}

// behind sets back to μ_B of step k.
func (n *noisy) behind(k int) {
	h, v := n.step(k)
	if n.drift == nil { // to αx, as the noising does
		vec.Scale(n.back.Flat(), float32((math.Sqrt(1-v)-1)/h), n.x.Flat())
		return
	}
	n.ahead(k)
	vec.Scale(n.back.Flat(), float32(v/h), n.grad.Flat())
	vec.Axpy(n.back.Flat(), -1, n.there.Flat())
}

func (n *noisy) move(ctx context.Context, ratio []float64, from, to int, key rng.Key, first uint32) error {
	n.on.Use(ctx)
	n.at(from)
	for k := from; k < to; k++ {
		h, v := n.step(k)
		n.ahead(k)
		n.draw(ratio, n.there, h, v, key, first, k, 0, 1)
		n.at(k + 1)
		n.behind(k)
		n.undraw(ratio, n.back, h, v, -1)
	}
	for k := from - 1; k >= to; k-- {
		h, v := n.step(k)
		n.behind(k)
		n.draw(ratio, n.back, h, v, key, first, k+1, 1, -1)
		n.at(k)
		n.ahead(k)
		n.undraw(ratio, n.there, h, v, 1)
	}
	return n.on.Err()
}

// split moves by a step of the flow, in Heun's scheme, and then one of Langevin's in V(·, t′).
type split struct {
	noise
	field velocity
	v, v2 tile.Tile[float32]
	div   []float32
}

func newSplit(p *path) *split {
	return &split{newNoise(p), newVelocity(p), tile.New[float32](p.model.dim, learn.Lanes), tile.New[float32](p.model.dim, learn.Lanes), make([]float32, learn.Lanes)}
}

func (s *split) move(ctx context.Context, ratio []float64, from, to int, key rng.Key, first uint32) error {
	s.on.Use(ctx)
	s.field.use(ctx)
	for k := from; k < to; k++ {
		s.heun(ratio, s.times[k], s.times[k+1], 1)
		s.langevin(ratio, s.times[k+1], s.spread(k), key, first, k, 0, 1)
	}
	for k := from; k > to; k-- {
		s.langevin(ratio, s.times[k], s.spread(k-1), key, first, k, 1, -1)
		s.heun(ratio, s.times[k], s.times[k-1], -1)
	}
	if err := s.field.err(); err != nil {
		return err
	}
	return s.on.Err()
}

// heun adds the integral of the divergence in the direction of time, whichever way it goes.
func (s *split) heun(ratio []float64, t, end, sign float64) {
	h := end - t
	add := func() {
		for j, d := range s.div {
			ratio[j] += sign * h / 2 * float64(d)
		}
	}
	s.field.At(t, s.x, s.v, s.div)
	add()
	s.from.Copy(s.x)
	vec.Axpy(s.from.Flat(), float32(h), s.v.Flat())
	s.field.At(end, s.from, s.v2, s.div)
	add()
	vec.Axpy(s.x.Flat(), float32(h/2), s.v.Flat())
	vec.Axpy(s.x.Flat(), float32(h/2), s.v2.Flat())
}

// langevin is N(x + ½v∇V, v): its reversal is the same kernel.
func (s *split) langevin(ratio []float64, t, v float64, key rng.Key, first uint32, k int, inner uint32, sign float64) {
	s.slope(t)
	s.draw(ratio, s.grad, v/2, v, key, first, k, inner, sign)
	s.slope(t)
	s.undraw(ratio, s.grad, v/2, v, -sign)
}
