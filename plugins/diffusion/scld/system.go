package scld

import (
	"errors"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// threshold is the effective sample size, as a fraction, below which a population is resampled.
const threshold = 0.3

// patience is by how much a step size of the moves changes, at most, from one simulation to the next.
const patience = 0.1

var errNoWeight = errors.New("no particle has any weight left")

// system is the sampler that is trained: blocks, and what happens between them.
type system struct {
	pool   *par.Pool
	target chain.Target[float32]
	hmc    *hamiltonian
	blocks []*block
	steps  []float32 // log step sizes of the moves after each block but the last
	moves  int       // trajectories there
	n, d   int
	scale  float64

	lw, w, cum []float64
	ancestors  []int32
	moved      []mcmc.Stats // of each tile
	seeds      seeds

	// What a simulation found.
	logZ float64 // estimate of log Z
	ess  float64 // the smallest after any block

	at         int // the block that the loops below are about
	stage      uint32
	begin, hop func(worker, t int)
}

// seeds are the streams of a training.
type seeds struct {
	start, choose, move rng.Key
	paths               []rng.Key // of each block
}

// newSystem cuts the sampler into blocks that end at the time indices ends, n particles, steps the first step sizes of the
// moves.
func newSystem(s *chain.Sampler[float32], ends []int, n, capBytes int, pool *par.Pool, target chain.Target[float32], p *learn.Problem, steps []float32, moves int) *system {
	y := &system{
		pool: pool, target: target, hmc: newHamiltonian(target, s.Scale, s.Dim, learn.Lanes, pool.Workers()),
		steps: steps, moves: moves, n: n, d: s.Dim, scale: s.Scale,
		lw: make([]float64, n), w: make([]float64, n), cum: make([]float64, n), ancestors: make([]int32, n), moved: make([]mcmc.Stats, n/learn.Lanes),
		seeds: seeds{start: p.Stream("start"), choose: p.Stream("choose"), move: p.Stream("move")},
	}
	from := 0
	for i, to := range ends {
		y.blocks = append(y.blocks, newBlock(chain.NewBatch(s.Block(from, to), n, learn.Lanes, capBytes/len(ends), pool, target)))
		y.seeds.paths = append(y.seeds.paths, rng.NewKey(p.Stream("paths").Uint64(), "block", i))
		from = to
	}
	y.begin, y.hop = y.startTile, y.moveTile
	return y
}

// simulate sends fresh particles through all blocks. noise multiplies that of the steps.
func (y *system) simulate(params *nn.Params[float32], iter uint32) error {
	y.stage, y.ess, y.logZ = iter, 1, 0
	clear(y.lw)
	y.pool.For(y.n/learn.Lanes, y.begin)
	for s, b := range y.blocks {
		y.at = s
		normalise(b.weights, y.lw)
		if err := b.Continue(params, y.seeds.paths[s], iter, 1); err != nil {
			return err
		}
		b.weigh()
		for i, g := range b.gain {
			if finite(g) {
				y.lw[i] += g
			} else {
				y.lw[i] = math.Inf(-1)
			}
		}
		ess, mean := normalise(y.w, y.lw)
		if ess == 0 {
			return errNoWeight
		}
		y.ess = math.Min(y.ess, ess)
		if s == len(y.blocks)-1 {
			y.logZ += mean
			break
		}
		y.goOn(ess, mean)
	}
	return y.target.Err()
}

// startTile draws a tile of starts.
func (y *system) startTile(id, t int) {
	b := y.blocks[0]
	x := b.State(t, 0)
	vec.Normals(x.Data, x.P, x.Rows, x.P, y.seeds.start, uint32(t*x.P), y.stage, 0)
	vec.Scale(x.Flat(), float32(y.scale), x.Flat())
	y.target.Eval(id, b.First[t*x.P:(t+1)*x.P], b.Score(t, 0), x)
}

// goOn takes the particles from the end of block at to the start of the next: resampled, if their weights are uneven, and
// moved.
func (y *system) goOn(ess, mean float64) {
	for i := range y.ancestors {
		y.ancestors[i] = int32(i)
	}
	if ess < threshold {
		y.logZ += mean
		resample(y.ancestors, y.w, y.cum, y.seeds.choose, y.stage, uint32(y.at))
		clear(y.lw)
	}
	y.pool.For(y.n/learn.Lanes, y.hop)
	if y.moves == 0 {
		return
	}
	off := -acceptance
	for _, st := range y.moved {
		off += st.Prob / float64(y.n*y.moves)
	}
	y.steps[y.at] += float32(patience * off)
}

func (y *system) moveTile(id, t int) {
	from, to := y.blocks[y.at], y.blocks[y.at+1]
	lo, p := t*to.P, to.P
	x, raw := to.State(t, 0), to.Score(t, 0)
	for j, a := range y.ancestors[lo : lo+p] {
		u, lane := int(a)/p, int(a)%p
		xs, raws := from.State(u, from.K()), from.Score(u, from.K())
		for i := range y.d {
			x.Row(i)[j], raw.Row(i)[j] = xs.Row(i)[lane], raws.Row(i)[lane]
		}
		to.First[lo+j] = from.End[a]
	}
	y.moved[t] = mcmc.Stats{}
	for m := range y.moves {
		y.moved[t].Add(y.hmc.move(id, x, raw, to.First[lo:lo+p], to.Betas[0], math.Exp(float64(y.steps[y.at])),
			draw{y.seeds.move, uint32(lo), y.stage, uint32(y.at*y.moves + m)}))
	}
}
