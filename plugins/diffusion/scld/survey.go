package scld

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// The survey: a tempered sampler of few particles that finds its own levels and step sizes.
const (
	surveyTiles  = 8   // of particles
	fewTiles     = 2   // likewise, in more dimensions than many
	surveyESS    = 0.8 // what a level leaves of the effective sample size
	surveyLevels = 256
	surveyMoves  = 2  // trajectories a level
	surveyMost   = 12 // likewise, while the step size is being found
	acceptance   = 0.8
	nearEnough   = 0.1 // of the acceptance
	finest       = 4   // quarters of a step size, at most
)

// level is a density of the path, the step size of the trajectories that suit the bulk of it, and that of those of which none
// are hopeless.
type level struct{ beta, step, fine float64 }

// survey is the population that goes along the path.
type survey struct {
	pool    *par.Pool
	target  *space.Target[float32]
	hmc     *hamiltonian
	tiles   int
	d, p, n int
	x, raw  [2][]float32 // tiles, and room for those resampled
	logp    [2][]float64
	ref     []float64
	lw, w   []float64
	moved   []mcmc.Stats // of each tile
}

// alongPath goes from N(0, scale² I) to the target of the frame and returns the levels, from β = 0 to 1, and the root mean
// squares of the components of the target's score where it ends.
func alongPath(ctx context.Context, f *space.Frame, p *learn.Problem, scale float64) ([]level, []float64, error) {
	s := newSurvey(f, p, scale)
	s.target.Use(ctx)
	key := p.Stream("survey")
	s.draw(key, scale)
	levels := []level{{step: scale * math.Pow(float64(s.d), -0.25)}}
	for at := levels[0]; at.beta < 1; levels = append(levels, at) {
		if len(levels) > surveyLevels {
			return nil, nil, fmt.Errorf("survey: after %d levels β is %.3g; the target is too far from the reference", surveyLevels, at.beta)
		}
		next, err := s.next(at.beta)
		if err != nil {
			return nil, nil, err
		}
		stage := uint32(len(levels))
		s.weigh(next - at.beta)
		s.choose(key, stage)
		at = s.settle(key, stage, level{beta: next, step: at.step})
		if err := s.target.Err(); err != nil {
			return nil, nil, err
		}
	}
	levels[0].step, levels[0].fine = levels[1].step, levels[1].fine
	return levels, s.rms(), nil
}

func newSurvey(f *space.Frame, p *learn.Problem, scale float64) *survey {
	pool := p.Pool()
	s := &survey{pool: pool, target: space.On[float32](f, p.Target, pool.Workers(), learn.Lanes), d: f.Dim, p: learn.Lanes, tiles: surveyTiles}
	if s.d > many {
		s.tiles = fewTiles
	}
	s.n = s.tiles * s.p
	s.hmc = newHamiltonian(s.target, scale, s.d, s.p, pool.Workers())
	for i := range 2 {
		s.x[i], s.raw[i] = tile.Aligned[float32](s.n*s.d), tile.Aligned[float32](s.n*s.d)
		s.logp[i] = make([]float64, s.n)
	}
	s.ref, s.lw, s.w, s.moved = make([]float64, s.n), make([]float64, s.n), make([]float64, s.n), make([]mcmc.Stats, s.tiles)
	return s
}

func (s *survey) at(v []float32, t int) tile.Tile[float32] {
	return tile.Of(v[t*s.p*s.d:], s.d, s.p)
}

func (s *survey) draw(key rng.Key, scale float64) {
	s.pool.For(s.tiles, func(id, t int) {
		x := s.at(s.x[0], t)
		vec.Normals(x.Data, s.p, s.d, s.p, key, uint32(t*s.p), 0, 0)
		vec.Scale(x.Flat(), float32(scale), x.Flat())
		s.target.Eval(id, s.logp[0][t*s.p:(t+1)*s.p], s.at(s.raw[0], t), x)
	})
}

// weigh sets lw to what a step of β by this much adds, and returns the effective sample size that leaves.
func (s *survey) weigh(by float64) float64 {
	for i, l := range s.logp[0] {
		s.lw[i] = by * (l - s.ref[i])
	}
	ess, _ := normalise(s.w, s.lw)
	return ess
}

// next finds the level after β.
func (s *survey) next(beta float64) (float64, error) {
	for t := range s.tiles {
		startLogP(s.ref[t*s.p:(t+1)*s.p], s.at(s.x[0], t), s.hmc.scale)
	}
	if s.weigh(1-beta) >= surveyESS {
		return 1, nil
	}
	lo, hi := 0.0, 1-beta
	for range 40 {
		if mid := (lo + hi) / 2; s.weigh(mid) >= surveyESS {
			lo = mid
		} else {
			hi = mid
		}
	}
	if !(lo > 0) {
		return 0, fmt.Errorf("survey: at β = %.3g no step is short enough: the target has a density at too few of the points", beta)
	}
	return beta + lo, nil
}

// choose resamples by w, evenly.
func (s *survey) choose(key rng.Key, stage uint32) {
	u, sum, k := key.Uniform(0, stage, 0), s.w[0], 0
	for i := range s.n {
		for k < s.n-1 && sum < (float64(i)+u)/float64(s.n) {
			k++
			sum += s.w[k]
		}
		s.logp[1][i] = s.logp[0][k]
		from, to := [2]tile.Tile[float32]{s.at(s.x[0], k/s.p), s.at(s.raw[0], k/s.p)}, [2]tile.Tile[float32]{s.at(s.x[1], i/s.p), s.at(s.raw[1], i/s.p)}
		for side := range 2 {
			for r := range s.d {
				to[side].Row(r)[i%s.p] = from[side].Row(r)[k%s.p]
			}
		}
	}
	s.x[0], s.x[1] = s.x[1], s.x[0]
	s.raw[0], s.raw[1] = s.raw[1], s.raw[0]
	s.logp[0], s.logp[1] = s.logp[1], s.logp[0]
}

// settle moves the particles at a level until its step size is right, and then by quarters of it as long as proposals are
// hopeless, of so few particles a single one: in a neck that is too narrow for the bulk's steps.
func (s *survey) settle(key rng.Key, stage uint32, at level) level {
	moves, last := 0, mcmc.Stats{}
	move := func(step float64) {
		s.pool.For(s.tiles, func(id, t int) {
			s.moved[t] = s.hmc.move(id, s.at(s.x[0], t), s.at(s.raw[0], t), s.logp[0][t*s.p:(t+1)*s.p], at.beta, step,
				draw{key, uint32(t * s.p), stage, uint32(moves + 1)})
		})
		moves++
		last = mcmc.Stats{}
		for _, st := range s.moved {
			last.Add(st)
		}
	}
	for range surveyMost {
		move(at.step)
		off := last.Acceptance() - acceptance
		at.step *= math.Exp(off)
		if moves >= surveyMoves && math.Abs(off) < nearEnough {
			break
		}
	}
	at.fine = at.step
	for l := 0; l < finest && last.Narrow(); l++ {
		at.fine /= 4
		move(at.fine)
	}
	return at
}

// rms are the root mean squares of the score's components.
func (s *survey) rms() []float64 {
	out := make([]float64, s.d)
	for t := range s.tiles {
		raw := s.at(s.raw[0], t)
		for i := range out {
			for _, v := range raw.Row(i) {
				out[i] += float64(v) * float64(v) / float64(s.n)
			}
		}
	}
	for i, v := range out {
		out[i] = math.Sqrt(v)
	}
	return out
}

// path is a schedule of k steps: temperatures, the first 0 and the last 1, and step sizes of trajectories there, as levels
// have them.
type path struct{ betas, steps, fine []float64 }

// schedule lays k steps over the levels, as many to each.
func schedule(levels []level, k int) path {
	p := path{make([]float64, k+1), make([]float64, k+1), make([]float64, k+1)}
	last := len(levels) - 1
	for i := range p.betas {
		u := float64(i) / float64(k) * float64(last)
		j := min(int(u), last-1)
		a, b, f := levels[j], levels[j+1], u-float64(j)
		between := func(a, b float64) float64 { return math.Exp((1-f)*math.Log(a) + f*math.Log(b)) }
		p.betas[i], p.steps[i], p.fine[i] = a.beta+f*(b.beta-a.beta), between(a.step, b.step), between(a.fine, b.fine)
	}
	p.betas[k] = 1
	return p
}
