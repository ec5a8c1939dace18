package pde

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// matching begins on the path along which modes travel, X_t = (1−t)x₀ + t x₁ with x₀ a start and x₁ a draw of the target: where
// modes of unlike mass are far apart, residuals do not find it from the geometric one, along which mass crosses the walls
// between them. V and μ are fitted to its score and velocity by least squares,
//
//	h |∇V − ŝ|² + |μ − x̂₁ − (1−t)ŝ|²/h      h = w + t²/κ,   w = (1−t)²
//
// in which, with X_t = t x₁ + √w z, g₁ the target's score at x₁ and κ the mean of its square,
//
//	ŝ = (t g₁ − κ√w z)/(t² + κw)      x̂₁ = x₁ + (w g₁ + t√w z)/(t² + κw)
//
// are, as in package match, the estimates that do not scatter inside a Gaussian mode of precision κ.
type matching struct {
	model  *model
	params *nn.Params[float32]
	pool   *par.Pool
	draws  []float32 // of the pilot, n×d, in the frame
	scores []float32 // the target's there
	kappa  float64
	target *space.Target[float32]
	key    rng.Key

	adam    *optim.Adam[float32]
	rate    optim.Schedule
	slots   *optim.Slots[float32]
	now     uint32
	workers []*matcher
	sums    []float64
	bySlot  func(worker, s int)
}

const (
	matchSteps = 3000
	matchBatch = 512
	endless    = 1e-4 // how close times come to the ends
)

// matcher is the memory of a worker.
type matcher struct {
	in       *jet.Input[float32]
	phi      jet.Potential[float32]
	mu       jet.Field[float32]
	sink     *nn.Gradient[float32]
	y, score tile.Tile[float32]
	z, u     tile.Tile[float32]
	s, v     tile.Tile[float32] // what ∇V and μ are fitted to
	h, times []float32
	bar      tile.Tile[float32] // cotangents of μ
	none     tile.Tile[float32] // and of its divergence

	known       *pinn.Known[float32]
	logp, start []float64
}

func newMatching(problem *learn.Problem, s *learn.State, m *model, w *nn.Params[float32]) *matching {
	pool := problem.Pool()
	c := &matching{
		model: m, params: w, pool: pool, draws: s.Facts[factDraws], scores: s.Facts[factScores], key: problem.Stream("matching"),
		target: space.On[float32](s.Frame, problem.Target, pool.Workers(), learn.Lanes), adam: optim.New[float32](optim.Default, m.layout.Size()),
		slots: optim.NewSlots[float32](m.layout.Size(), matchBatch/learn.Lanes),
	}
	for i, g := range c.scores {
		if i%m.dim >= m.idle {
			c.kappa += float64(g) * float64(g)
		}
	}
	c.kappa /= float64(len(c.scores) / m.dim * m.loss.Dim)
	c.sums = make([]float64, c.slots.Count())
	for range pool.Workers() {
		c.workers = append(c.workers, newMatcher(m))
	}
	c.bySlot = c.addSlot
	return c
}

func newMatcher(m *model) *matcher {
	var a tile.Arena[float32]
	const p = learn.Lanes
	k := &matcher{
		in: jet.NewInput[float32](m.loss.Features, p, &a), sink: nn.NewGradient[float32](&m.layout), h: a.Slice(p), times: a.Slice(p),
		known: pinn.NewBatch[float32](m.loss.Dim, p, p, true, norms).Tiles[0].Known, logp: make([]float64, p), start: make([]float64, p),
	}
	k.phi, k.mu = jet.NewSlope(m.loss.Potential, k.in, true, &a), jet.NewField(m.loss.Drift, k.in, &a)
	for _, t := range []*tile.Tile[float32]{&k.y, &k.score, &k.z} {
		*t = a.Tile(m.dim, p)
	}
	for _, t := range []*tile.Tile[float32]{&k.s, &k.v, &k.bar} {
		*t = a.Tile(m.loss.Dim, p)
	}
	k.u, k.none = a.Tile(2, p), a.Tile(1, p)
	k.none.Fill(0)
	return k
}

// phase is the matching, of so many steps.
func (c *matching) phase(steps int) learn.Phase {
	c.rate = optim.Schedule{Peak: 5e-3, Final: 5e-5, Warmup: steps / 40, Steps: steps}
	return learn.Phase{
		Name: "match", Steps: steps, Step: c.step,
		Keeps: map[string][]float32{"m": c.adam.M, "v": c.adam.V, "mean": c.adam.Mean}, Counts: map[string]*int{"adam": &c.adam.Steps},
	}
}

// average is the parameters to go on from.
func (c *matching) average() []float32 {
	if c.adam.Steps == 0 {
		return c.params.Theta
	}
	return c.adam.Mean
}

// finish leaves the parameters there.
func (c *matching) finish(context.Context) error {
	copy(c.params.Theta, c.average())
	c.params.Refresh()
	return nil
}

func (c *matching) step(ctx context.Context, i int) (loss float64, err error) {
	c.target.Use(ctx)
	c.now = uint32(i)
	for _, k := range c.workers {
		k.phi.Begin(c.params)
		k.mu.Begin(c.params)
	}
	c.pool.For(c.slots.Count(), c.bySlot)
	if err := c.target.Err(); err != nil {
		return 0, err
	}
	for _, s := range c.sums {
		loss += s
	}
	norm := c.slots.Reduce(c.pool)
	c.adam.Step(c.pool, c.params.Theta, c.slots.Grad, norm, c.rate.At(i))
	c.params.Refresh()
	return loss / matchBatch, nil
}

func (c *matching) addSlot(worker, s int) {
	k := c.workers[worker]
	k.sink.G, c.sums[s] = c.slots.Clear(s), 0
	lo, hi := c.slots.Tiles(s)
	for t := lo; t < hi; t++ {
		c.draw(k, t)
		c.target.Eval(worker, k.logp, k.score, k.y)
		known(c.model.base, k.known, k.y, k.logp, k.score, nil, k.times, k.start)
		c.sums[s] += c.back(k)
	}
	k.phi.End(c.params, k.sink)
	k.mu.End(c.params, k.sink)
}

// draw places the points of tile t, with their ŝ and velocities. Idle coordinates stay standard normal all the way.
func (c *matching) draw(k *matcher, t int) {
	d, first := c.model.dim, uint32(t*learn.Lanes)
	vec.Normals(k.z.Data, learn.Lanes, d, learn.Lanes, c.key, first, c.now, 0)
	vec.Uniforms(k.u.Data, learn.Lanes, 2, learn.Lanes, c.key, first, c.now, 1)
	k.y.Copy(k.z)
	n := len(c.draws) / d
	for j := range learn.Lanes {
		t := (float64(int(first)+j) + float64(k.u.Row(0)[j])) / matchBatch
		t = min(max(t, endless), 1-endless)
		at := min(int(float64(k.u.Row(1)[j])*float64(n)), n-1) * d
		w := (1 - t) * (1 - t)
		k.times[j], k.h[j] = float32(t), float32(w+t*t/c.kappa)
		for i := c.model.idle; i < d; i++ {
			x, g, z := float64(c.draws[at+i]), float64(c.scores[at+i]), math.Sqrt(w)*float64(k.z.Row(i)[j])
			s := (t*g - c.kappa*z) / (t*t + c.kappa*w)
			a := i - c.model.idle
			k.y.Row(i)[j], k.s.Row(a)[j] = float32(t*x+z), float32(s)
			k.v.Row(a)[j] = float32(x + (w*g+t*z)/(t*t+c.kappa*w) + (1-t)*s)
		}
	}
}

// back is the loss of a tile, whose gradient it adds.
func (c *matching) back(k *matcher) (loss float64) {
	k.in.Set(k.y.Slice(c.model.idle, c.model.dim), k.times)
	phi := k.phi.Forward(c.params)
	mu, _ := k.mu.Forward(c.params)
	d := float32(c.model.loss.Dim)
	for i := range k.s.Rows {
		g, m := phi.Grad.Row(i), mu.Row(i)
		for j, h := range k.h {
			gain := k.known.Gain[j]
			off, by := k.known.Grad.Row(i)[j]+gain*g[j]-k.s.Row(i)[j], m[j]-k.v.Row(i)[j]
			loss += float64((off*off*h + by*by/h) / d)
			g[j] = 2 / (matchBatch * d) * off * h * gain
			k.bar.Row(i)[j] = 2 / (matchBatch * d) * by / h
		}
	}
	phi.Value.Fill(0)
	phi.Rate.Fill(0)
	k.phi.Backward(c.params, k.sink)
	k.mu.Backward(c.params, k.bar, k.none, k.sink)
	return loss
}
