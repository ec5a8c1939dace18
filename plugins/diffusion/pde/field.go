package pde

import (
	"context"

	"github.com/sampan-mc/sampan/plugins/diffusion/flow"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// drift is what the net for it says, with its divergence.
type drift struct {
	idle   int
	params *nn.Params[float32]
	in     *jet.Input[float32]
	mu     jet.Field[float32]
	by     jet.Potential[float32] // Φ in place of mu where the drift is its gradient
	now    []float32
}

func newDrift(p *path) *drift {
	var a tile.Arena[float32]
	l := p.model.loss
	f := &drift{idle: p.model.idle, params: p.params, in: jet.NewInput[float32](l.Features, learn.Lanes, &a), now: a.Slice(learn.Lanes)}
	if l.Equation.Gradient() {
		f.by = jet.NewPotential(l.Drift, f.in, &a)
		f.by.Begin(p.params)
	} else {
		f.mu = jet.NewField(l.Drift, f.in, &a)
		f.mu.Begin(p.params)
	}
	return f
}

// At is flow.Field's. Idle coordinates stay where they are.
func (f *drift) At(t float64, x, v tile.Tile[float32], div []float32) {
	for i := range f.now {
		f.now[i] = float32(t)
	}
	f.in.Set(x.Slice(f.idle, x.Rows), f.now)
	v.Slice(0, f.idle).Fill(0)
	if f.by != nil {
		s := f.by.Forward(f.params)
		v.Slice(f.idle, v.Rows).Copy(s.Grad)
		copy(div, s.Lap.Data)
		return
	}
	m, d := f.mu.Forward(f.params)
	v.Slice(f.idle, v.Rows).Copy(m)
	copy(div, d.Data)
}

func (f *drift) use(context.Context) {}
func (f *drift) err() error          { return nil }

// velocity is the flow's: the drift, less what the noise does where the equation has some.
type velocity interface {
	flow.Field[float32]
	// use is for what asks the target, from here on; err is whether it failed to answer.
	use(context.Context)
	err() error
}

func newVelocity(p *path) velocity {
	if p.model.loss.Equation.Noisy() {
		return newQuiet(p)
	}
	return newDrift(p)
}

// quiet is μ − ½σ²∇V, the flow of the same densities as a diffusion of drift μ. Its divergence has the target's Laplacian.
type quiet struct {
	*value
	drift     *drift // nil where V gives it
	on        *space.Target[float32]
	laplacian *laplacian
	logp, lap []float64
	grad      tile.Tile[float32]
}

func newQuiet(p *path) *quiet {
	var a tile.Arena[float32]
	q := &quiet{
		value: newValue(p), on: space.On[float32](p.frame, p.target, 1, learn.Lanes), laplacian: newLaplacian(p.frame, p.target, 1, learn.Lanes, p.model.idle),
		logp: make([]float64, learn.Lanes), lap: make([]float64, learn.Lanes), grad: tile.New[float32](p.model.dim, learn.Lanes),
	}
	q.phi = jet.NewPotential(p.model.loss.Potential, q.in, &a)
	q.phi.Begin(p.params)
	if p.model.loss.Equation != pinn.Score {
		q.drift = newDrift(p)
	}
	return q
}

// At is flow.Field's.
func (q *quiet) At(t float64, x, v tile.Tile[float32], div []float32) {
	q.on.Eval(0, q.logp, q.grad, x)
	sane(q.grad)
	q.laplacian.at(0, q.lap, x)
	phi := q.gradient(t, x, q.grad)
	l, _, m, _ := q.shares(t)
	w, _ := q.gain(t)
	half, active := q.variance(t)/2, x.Rows-q.idle
	gv, av, ax := q.grad.Slice(q.idle, x.Rows), v.Slice(q.idle, x.Rows), x.Slice(q.idle, x.Rows)
	sign := -half
	if q.drift != nil {
		q.drift.At(t, x, v, div)
	} else { // σ²(∇V + ½x) − ½σ²∇V
		v.Slice(0, q.idle).Fill(0)
		sign = half
		vec.Scale(av.Flat(), float32(half), ax.Flat())
		for j := range div {
			div[j] = float32(half * float64(active))
		}
	}
	vec.Axpy(av.Flat(), float32(sign), gv.Flat())
	for j := range div {
		if lap := l*q.lap[j] + m*bends(q.p0, ax, j) + w*float64(phi.Lap.Data[j]); lap-lap == 0 {
			div[j] += float32(sign * lap)
		}
	}
}

func (q *quiet) use(ctx context.Context) {
	q.on.Use(ctx)
	q.laplacian.use(ctx)
}

func (q *quiet) err() error {
	if err := q.laplacian.err(); err != nil {
		return err
	}
	return q.on.Err()
}

// sane sets what is not finite to nought.
func sane(t tile.Tile[float32]) {
	for i, v := range t.Flat() {
		t.Data[i] = finite(v)
	}
}

// driven moves by the flow alone.
type driven struct {
	field velocity
	by    *flow.Integrator[float32]
	x     tile.Tile[float32]
}

func newDriven(p *path) *driven {
	f := newVelocity(p)
	return &driven{f, flow.NewIntegrator[float32](f, p.times, p.model.dim, learn.Lanes), tile.New[float32](p.model.dim, learn.Lanes)}
}

func (d *driven) state() tile.Tile[float32] { return d.x }

func (d *driven) move(ctx context.Context, ratio []float64, from, to int, _ rng.Key, _ uint32) error {
	d.field.use(ctx)
	d.by.Run(d.x, ratio, from, to)
	return d.field.err()
}
