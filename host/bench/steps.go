package bench

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/lv"
	"github.com/sampan-mc/sampan/vec/nn/match"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// batch is the samples of every step but SPRING's.
const batch = 2048

// steps is the training steps, scalings those of them that are tried over workers as well.
func steps() []*job {
	var jobs []*job
	for _, s := range allSteps() {
		jobs = append(jobs, s.alone())
	}
	return jobs
}

func scalings() []*job {
	var jobs []*job
	if cores := runtime.NumCPU(); cores > 1 {
		for _, s := range allSteps() {
			if s.scales {
				jobs = append(jobs, s.over(cores))
			}
		}
	}
	return jobs
}

func allSteps() []step {
	var all []step
	for _, h := range []int{64, 128, 256} {
		all = append(all, lvStep(h))
	}
	for _, eq := range []pinn.Equation{pinn.LogCE, pinn.LogFP} {
		for _, h := range []int{64, 128} {
			for _, d := range []int{2, 5, 50} {
				all = append(all, pinnStep(eq, d, h))
			}
		}
	}
	for _, h := range []int{96, 128} {
		for _, d := range []int{5, 50} {
			all = append(all, matchStep(d, h))
		}
	}
	return append(all, springStep())
}

// lvStep is the gradient of the log-variance loss of a control in two dimensions over 100 steps, GELU, three layers of h,
// conditioned on an embedding of time by a net of its own, for a mixture of 40 normals. What counts is a forward pass of
// the control and its reverse pass; what is computed again for want of memory does not.
func lvStep(h int) step {
	const d, k = 2, 100
	mlp := nn.MLPConfig{In: d, Out: d, Hidden: []int{h, h, h}, Act: nn.GELU, Cond: true, Head: 1}
	forward, backward := nn.NewMLP[float32](new(nn.Layout), "u", mlp).Flops()
	flops := (forward + backward) * batch * k
	return step{
		name: "lv", shape: fmt.Sprintf("d=%d K=%d B=%d H=%d", d, k, batch, h),
		about: flops,
		forms: []string{"store", "recompute"}, scales: h == 64,
		prepare: func(form string, workers int) (func(), float64) {
			c := lv.Config{Times: make([]float64, k+1), Sigma: slices.Repeat([]float64{3}, k), Paths: batch, P: 64}
			if h > 128 {
				c.P = 128
			}
			for i := range c.Times {
				c.Times[i] = float64(i) / k
			}
			if form == "store" {
				c.Cap = 1 << 30
			}
			var layout nn.Layout
			net := nn.NewMLP[float32](&layout, "u", mlp)
			clock := nn.NewChain[float32](nn.NewFourier[float32](&layout, "time", 32, 0.1, 100, nn.Init{Normal: 1}),
				nn.NewMLP[float32](&layout, "clock", nn.MLPConfig{In: 64, Out: h, Hidden: []int{h}, Act: nn.GELU, Head: 1}))
			w := start(&layout)
			s := lv.New(c, net, clock, &layout, par.NewPool(workers), modes(workers, c.P))
			i := uint32(0)
			return func() { s.Gradient(w, rng.Key{1, 2}, i); i++ }, flops
		},
	}
}

// modes is the log density of 40 equal normals in the plane, at places of standard deviation 4.
func modes(workers, p int) lv.Target[float32] {
	const count = 40
	at := tile.Of(normals[float32](2*count, 1), 2, count)
	term := make([]tile.Tile[float32], workers)
	lse := make([][]float32, workers)
	for w := range term {
		term[w], lse[w] = tile.New[float32](count, p), make([]float32, p)
	}
	return func(worker int, logp []float64, x tile.Tile[float32]) {
		for k := range count {
			a, b, row := 4*at.Row(0)[k], 4*at.Row(1)[k], term[worker].Row(k)
			for i, u := range x.Row(0) {
				v := x.Row(1)[i]
				row[i] = -((u-a)*(u-a) + (v-b)*(v-b)) / 2
			}
		}
		vec.LogSumExpRows(lse[worker], term[worker].Flat(), count, p)
		vec.Widen(logp, lse[worker])
	}
}

// pinnStep is the gradient of the loss of two plain nets, tanh, three layers of h. What counts is what it executes.
func pinnStep(eq pinn.Equation, d, h int) step {
	c := pinn.Config{Equation: eq, Features: jet.Features{Dim: d, Scale: 1}, Hidden: []int{h, h, h}, Act: nn.Tanh, Head: 0.1}
	name := map[pinn.Equation]string{pinn.LogCE: "logce", pinn.LogFP: "logfp"}[eq]
	return step{
		name: name, shape: fmt.Sprintf("d=%d B=%d H=%d", d, batch, h),
		about: 24 * batch * float64(h*h*(d+3)),
		forms: only, scales: h == 64 && (eq == pinn.LogCE && d == 2 || eq == pinn.LogFP && d == 5),
		prepare: func(_ string, workers int) (func(), float64) {
			l, w, b := equation(c, workers, batch, pinn.TilePoints(d))
			return func() { l.Gradient(w, b) }, l.Flops(batch)
		},
	}
}

// matchStep draws bridges to points of a pilot and regresses on them: a residual net of three layers of h, SiLU, Adam and
// the average of the parameters. What counts is a forward pass of the net and its reverse pass.
func matchStep(d, h int) step {
	c := match.Config{Dim: d, Reference: 1, Sigma: 1, Base: true, Time: nn.Sinusoid{Harmonics: 2}}
	mlp := nn.MLPConfig{In: c.Inputs(), Out: 2 * d, Hidden: []int{h, h, h}, Residual: true, Head: 0.1}
	forward, backward := nn.NewMLP[float32](new(nn.Layout), "heads", mlp).Flops()
	flops := (forward + backward) * batch
	return step{
		name: "matching", shape: fmt.Sprintf("d=%d B=%d H=%d", d, batch, h),
		about: flops,
		forms: only, scales: h == 128 && d == 5,
		prepare: func(_ string, workers int) (func(), float64) {
			const pilot = 20000
			points := match.Pool[float32]{X: normals[float32](d*pilot, 1), Score: tile.Aligned[float32](d * pilot)}
			vec.Scale(points.Score, -1, points.X)
			var layout nn.Layout
			net := nn.NewMLP[float32](&layout, "heads", mlp)
			w, pool := start(&layout), par.NewPool(workers)
			s, adam := match.NewStep(c, net, &layout, pool, points, batch, 64), optim.New[float32](optim.Default, layout.Size())
			i := uint32(0)
			return func() {
				_, norm := s.Gradient(w, rng.Key{1, 2}, i)
				adam.Step(pool, w.Theta, s.Grad, norm, 1e-3)
				w.Refresh()
				i++
			}, flops
		},
	}
}

// springStep is an iteration of sample-space Gauss–Newton on the logCE residual: Jacobian, Gram matrix, Cholesky, update.
// Nobody counts its operations: the Gram matrix has several forms, and the factorisation is in float64.
func springStep() step {
	const d, h, n = 2, 40, 384
	return step{
		name: "spring", shape: fmt.Sprintf("d=%d N=%d H=%d", d, n, h), about: 2e8, forms: only, scales: true,
		prepare: func(_ string, workers int) (func(), float64) {
			c := pinn.Config{Equation: pinn.LogCE, Features: jet.Features{Dim: d, Scale: 1. / 3, Time: nn.Sinusoid{Harmonics: 2}},
				Hidden: []int{h, h, h}, Act: nn.Tanh, Head: 0.1, Known: true, Norms: 1}
			l, w, b := equation(c, workers, n, 64)
			r, j := make([]float32, n), l.NewJacobian(w, n)
			s := spring.New(par.NewPool(workers), spring.Default, j)
			return func() {
				l.Jacobian(r, j, w, b)
				s.Step(w.Theta, r, j, 0.01)
				w.Refresh()
			}, math.NaN()
		},
	}
}

// equation makes a loss of c and n points for it: normals at uniform times. What is known of V, if anything is asked for,
// is the geometric path from N(0, 1) to N(0, ¼).
func equation(c pinn.Config, workers, n, p int) (*pinn.Loss[float32], *nn.Params[float32], *pinn.Batch[float32]) {
	var layout nn.Layout
	l := pinn.New[float32](&layout, "nets", c)
	w := start(&layout)
	l.Start(par.NewPool(workers), &layout, p)
	b := pinn.NewBatch[float32](c.Dim, n, p, c.Known, c.Norms)
	key := rng.NewKey(1, "bench", 0)
	for k, q := range b.Tiles {
		vec.Uniforms(q.Time, p, 1, p, key, uint32(k*p), 1, 0)
		vec.Normals(q.X.Flat(), p, c.Dim, p, key, uint32(k*p), 2, 0)
		for i, t := range q.Time {
			q.Sigma2[i] = 1
			if q.Known == nil {
				continue
			}
			q.Known.Gain[i], q.Known.GainRate[i] = t*(1-t), 1-2*t
			for j := range c.Dim {
				x := q.X.Row(j)[i]
				q.Known.Rate[i] -= 1.5 * x * x
				q.Known.Grad.Row(j)[i] = -(1 + 3*t) * x
			}
			for j := range c.Norms {
				q.Known.Norm.Row(j)[i] = 1
			}
		}
	}
	return l, w, b
}

// start is initial parameters.
func start(layout *nn.Layout) *nn.Params[float32] {
	w := nn.NewParams[float32](layout)
	w.Init(rng.NewKey(1, "bench", 0))
	return w
}
