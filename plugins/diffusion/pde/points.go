package pde

import (
	"context"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// The kinds of points.
const (
	ofPilot   = "pilot"   // of the populations, with noise of up to blurPilot
	ofBetween = "between" // what lies between a start, stretched, and a draw of the target, blurred and scaled a little
	ofFlow    = "flow"    // on the way of the flow, from a stretched start
	ofCone    = "cone"    // uniform between the sides of a box that narrows or widens from the start to the target
	ofBox     = "box"     // uniform in a box that holds both
)

// shareOf is how much there is of a kind, beside others.
var shareOf = map[string]float64{ofPilot: 0.35, ofBetween: 0.30, ofFlow: 0.35, ofCone: 0.30, ofBox: 0.30}

// By how much points are moved, in units of the start's standard deviation.
const (
	blurPilot   = 0.15
	breathe     = 0.1
	blurBetween = 0.075
	blurFlow    = 0.05
	farthest    = 6 // of a coordinate on the flow
	stretching  = 0.05
)

// points draws the batches.
type points struct {
	model       *model
	populations []float32
	target      *space.Target[float32]
	pool        *par.Pool
	batch       *pinn.Batch[float32]
	lanes       int
	kinds       []kind
	box         *box
	key         rng.Key
	way         *way
	laplacian   *laplacian // nil: no Laplacian is wanted
	probes      bool

	workers []*drawer
	step    uint32
	fill    func(worker, t int)
}

// kind is points of one kind, in tiles first to end−1.
type kind struct {
	name       string
	first, end int
}

// sharedOut are the tiles among kinds, by their shares.
func sharedOut(names []string, tiles int) (kinds []kind) {
	total, at, sum := 0.0, 0, 0.0
	for _, n := range names {
		total += shareOf[n]
	}
	for i, n := range names {
		k := kind{name: n, first: at}
		sum += shareOf[n] / total
		if k.end = min(max(int(math.Round(sum*float64(tiles))), at+1), tiles); i == len(names)-1 {
			k.end = tiles
		}
		at = k.end
		kinds = append(kinds, k)
	}
	return kinds
}

// drawer is the memory of a worker.
type drawer struct {
	y, score, noise, more tile.Tile[float32]
	u                     tile.Tile[float32]
	logp, start, lap      []float64
}

func newPoints(p *Plan, problem *learn.Problem, s *learn.State, m *model, pool *par.Pool, lanes int) *points {
	tiles := p.Batch / lanes
	c := &points{
		model: m, populations: s.Facts[factPopulations], pool: pool, lanes: lanes, batch: pinn.NewBatch[float32](m.loss.Dim, p.Batch, lanes, true, norms),
		target: space.On[float32](s.Frame, problem.Target, pool.Workers(), lanes), key: problem.Stream("points"),
	}
	c.kinds = sharedOut(p.Points, tiles)
	if i := slices.IndexFunc(c.kinds, func(k kind) bool { return k.name == ofBetween }); p.Ensemble && i >= 0 && i+1 < len(c.kinds) && c.kinds[i+1].name == ofFlow {
		c.kinds[i+1].first = c.kinds[i].first // between are the ensemble's too
		c.kinds = slices.Delete(c.kinds, i, i+1)
	}
	for i, k := range c.kinds {
		switch {
		case k.name == ofFlow && p.Equation == pinn.Score: // its draws are known without any drift
			c.kinds[i].name = ofBetween
		case k.name == ofFlow && k.end > k.first:
			c.way = newWay(m, (k.end-k.first)*lanes, problem.Stream("flow"))
		case k.name == ofCone || k.name == ofBox:
			c.box = c.newBox()
		}
	}
	if p.Ensemble && c.way != nil {
		c.way.pull, c.way.sigma = newPull(m.base, s.Frame, problem.Target, c.way.lanes), m.sigma
	}
	if p.Equation.Noisy() {
		c.laplacian = newLaplacian(s.Frame, problem.Target, pool.Workers(), lanes, m.idle)
	}
	if c.probes = p.Probes; c.probes {
		for t := range c.batch.Tiles {
			q := &c.batch.Tiles[t]
			q.Probes = [2]tile.Tile[float32]{tile.New[float32](m.loss.Dim, lanes), tile.New[float32](m.loss.Dim, lanes)}
		}
	}
	for range pool.Workers() {
		w := &drawer{logp: make([]float64, lanes), start: make([]float64, lanes), u: tile.New[float32](5, lanes)}
		for _, t := range []*tile.Tile[float32]{&w.y, &w.score, &w.noise} {
			*t = tile.New[float32](m.dim, lanes)
		}
		w.more = tile.New[float32](m.dim+1, lanes)
		if p.Equation.Noisy() {
			w.lap = make([]float64, lanes)
		}
		c.workers = append(c.workers, w)
	}
	c.fill = c.fillTile
	return c
}

// draw makes batch number step.
func (c *points) draw(ctx context.Context, w *nn.Params[float32], step int) (*pinn.Batch[float32], error) {
	c.target.Use(ctx)
	if c.laplacian != nil {
		c.laplacian.use(ctx)
	}
	c.step = uint32(step)
	if err := c.follow(ctx, w); err != nil {
		return nil, err
	}
	c.pool.For(len(c.batch.Tiles), c.fill)
	if c.laplacian != nil {
		if err := c.laplacian.err(); err != nil {
			return nil, err
		}
	}
	return c.batch, c.target.Err()
}

// follow has points of the flow, if there are any, follow it.
func (c *points) follow(ctx context.Context, w *nn.Params[float32]) error {
	if c.way != nil {
		return c.way.run(ctx, w, c.step)
	}
	return nil
}

func (c *points) fillTile(worker, t int) {
	k, q := c.workers[worker], &c.batch.Tiles[t]
	c.place(k, q, t)
	if c.probes {
		first := uint32(t * c.lanes)
		for i, e := range q.Probes {
			vec.Uniforms(e.Data, c.lanes, e.Rows, c.lanes, c.key, first, c.step, uint32(3+i))
			jet.Signs(e, e)
		}
	}
	c.target.Eval(worker, k.logp, k.score, k.y)
	if c.laplacian != nil {
		c.laplacian.at(worker, k.lap, k.y)
	}
	for j, t := range q.Time {
		q.Sigma2[j] = float32(c.model.variance(float64(t)))
		q.Second[j] = float32(math.Copysign(secondWeight, float64(k.u.Row(4)[j])-0.5))
	}
	q.X.Copy(k.y.Slice(c.model.idle, c.model.dim))
	known(c.model.base, q.Known, k.y, k.logp, k.score, k.lap, q.Time, k.start)
}

// place draws the points of tile t with their times.
func (c *points) place(k *drawer, q *pinn.Points[float32], t int) {
	first := uint32(t * c.lanes)
	vec.Uniforms(k.u.Data, c.lanes, k.u.Rows, c.lanes, c.key, first, c.step, 0)
	vec.Normals(k.noise.Data, c.lanes, c.model.dim, c.lanes, c.key, first, c.step, 1)
	i := slices.IndexFunc(c.kinds, func(k kind) bool { return t < k.end })
	of := c.kinds[i]
	t, n := t-of.first, of.end-of.first
	switch of.name {
	case ofPilot:
		c.population(k, q, t, n)
	case ofBetween:
		vec.Normals(k.more.Data, c.lanes, k.more.Rows, c.lanes, c.key, first, c.step, 2)
		c.inBetween(k, q, t, n)
	case ofFlow:
		c.onTheFlow(k, q, t)
	default:
		vec.Uniforms(k.more.Data, c.lanes, k.more.Rows, c.lanes, c.key, first, c.step, 2)
		c.inBox(k, q, t, n, of.name == ofCone)
	}
}

// stratified is time j of tile t of a kind that has n.
func (c *points) stratified(t, n, j int, u float32) float32 {
	return (float32(t*c.lanes+j) + u) / float32(n*c.lanes)
}

// picked is particle number u of a population.
func (c *points) picked(level int, u float32) []float32 {
	i := min(int(u*particles), particles-1)
	at := (level*particles + i) * c.model.dim
	return c.populations[at : at+c.model.dim]
}

func (c *points) population(k *drawer, q *pinn.Points[float32], t, n int) {
	for j := range c.lanes {
		q.Time[j] = c.stratified(t, n, j, k.u.Row(0)[j])
		x := c.picked(min(int(q.Time[j]*levels+k.u.Row(1)[j]), levels), k.u.Row(2)[j])
		blur := blurPilot * k.u.Row(3)[j]
		for i, v := range x {
			k.y.Row(i)[j] = v + blur*k.noise.Row(i)[j]
		}
	}
}

func (c *points) inBetween(k *drawer, q *pinn.Points[float32], t, n int) {
	for j := range c.lanes {
		s := c.stratified(t, n, j, k.u.Row(0)[j])
		q.Time[j] = s
		from, to := c.model.ends(float64(s))
		scale := 1 + breathe*k.more.Row(c.model.dim)[j]
		for i, v := range c.picked(levels, k.u.Row(1)[j]) {
			k.y.Row(i)[j] = float32(from)*float32(c.model.p0.from(float64(stretched(k.noise.Row(i)[j])))) + float32(to)*(v*scale+blurBetween*k.more.Row(i)[j])
		}
	}
}

// stretched is a normal draw with heavier tails, and the same body: errors there, seldom met, tell in the weights of many
// particles.
func stretched(z float32) float32 { return z + stretching*z*z*z }

func (c *points) onTheFlow(k *drawer, q *pinn.Points[float32], t int) {
	for j := range c.lanes {
		at := t*c.lanes + j
		q.Time[j] = c.way.times[at]
		for i := range c.model.dim {
			v := k.noise.Row(i)[j]
			if a := i - c.model.idle; a >= 0 {
				v = min(max(c.way.y.Row(a)[at]+blurFlow*v, -farthest), farthest)
			}
			k.y.Row(i)[j] = v
		}
	}
}
