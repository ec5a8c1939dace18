package pde

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/pilot"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

const (
	levels    = 16   // populations beside that at the start, at times equally far apart
	particles = 1024 // of each
	settling  = 8    // moves of each
)

// populations are draws of ρ^l p_0^m, l and m the shares, roughly, at levels+1 times, and the curve of its log norm as they have it. They are
// made of the pilot's, whose own path started from another normal, by moves of Langevin's at each level: which modes there
// are, and how they share the mass, is left as it was.
type populations struct {
	y    []float32 // (levels+1)×particles×d, in the frame
	norm []float64 // z(t) at these times
}

func settle(ctx context.Context, b base, f *space.Frame, problem *learn.Problem, pilots []smc.Level) (*populations, error) {
	d := f.Dim
	var tally mcmc.Tally
	path := &shared{frame: f, target: problem.Target, p0: b.p0}
	s := mcmc.NewState(particles, d, true, true)
	mover := mcmc.NewMover(mcmc.Kernel{Kind: mcmc.MALA}, particles, d, true, &tally)
	streams := mcmc.NewStreams(problem.Key.Uint64(), "diffusion/populations", 0)
	tuning := mcmc.Tuning{Step: 1 / math.Pow(float64(d), 1./6), Scale: ones(d)}
	out := &populations{norm: make([]float64, levels+1)}
	var mean, before [2]float64
	for k := range levels + 1 {
		l, _, m, _ := b.shares(float64(k) / levels)
		if path.hold = 1; l < 1 {
			path.hold = m / (1 - l)
		}
		if k == 0 {
			problem.Stream("start").Normals(s.X, 0, 0, 0)
			b.p0.drawn(s.X, make([]float64, particles), d, true)
		} else {
			f.ToY(s.X, pick(nearest(pilots, l)))
		}
		if err := s.Refresh(ctx, path, &tally); err != nil {
			return nil, err
		}
		for i := range settling {
			if k == 0 {
				break
			}
			stats, err := mover.Move(ctx, path, l, &tuning, s, &streams, uint32(k), uint32(i))
			if err != nil {
				return nil, err
			}
			if a := stats.Acceptance(); a >= 0 {
				tuning.Step *= math.Exp(a - mcmc.MALA.TargetAccept())
			}
		}
		last, was := mean, before
		mean, before = means(s, path.hold), [2]float64{l, m}
		if k > 0 { // the derivatives of log Z by the shares are the means of log ρ and log p_0
			out.norm[k] = out.norm[k-1]
			for i := range mean {
				out.norm[k] += (before[i] - was[i]) * (mean[i] + last[i]) / 2
			}
		}
		for _, v := range s.X {
			out.y = append(out.y, float32(v))
		}
	}
	// The pilot knows the end better.
	if end := pilots[len(pilots)-1].LogZ; !math.IsNaN(end) && !math.IsInf(end, 0) {
		off := end - out.norm[levels]
		for k := range out.norm {
			l, _ := b.mix(float64(k) / levels)
			out.norm[k] += l * off
		}
	}
	return out, nil
}

// means are those of log ρ and of log p_0, the state's being hold times that.
func means(s *mcmc.State, hold float64) (mean [2]float64) {
	n := 0.0
	for i, r := range s.LogRef {
		if v := s.LogTarget[i] - r; !math.IsNaN(v) && !math.IsInf(v, 0) {
			mean[0] += s.LogTarget[i]
			mean[1] += r / hold
			n++
		}
	}
	for i := range mean {
		mean[i] /= max(n, 1)
	}
	return mean
}

// nearest is the pilot's level closest to β.
func nearest(pilots []smc.Level, beta float64) *smc.Level {
	best := &pilots[0]
	for i := range pilots {
		if l := &pilots[i]; math.Abs(l.Beta-beta) <= math.Abs(best.Beta-beta) {
			best = l
		}
	}
	return best
}

// pick is as many of a level's draws as a population has, equally weighted.
func pick(l *smc.Level) []float64 {
	w := l.LogW
	if w == nil {
		w = make([]float64, l.N)
	}
	return pilot.Systematic(l.X, w, particles)
}

func ones(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// fit is the coefficients z_k by least squares.
func (b base) fit(norm []float64) []float32 {
	n := len(norm)
	a := mat.NewDense(n-1, norms, nil)
	var value, rate [norms]float64
	for k := 1; k < n; k++ {
		b.curve(float64(k)/float64(n-1), &value, &rate)
		a.SetRow(k-1, value[:])
	}
	out := make([]float32, norms)
	var z mat.VecDense
	if z.SolveVec(a, mat.NewVecDense(n-1, norm[1:])) != nil {
		out[0] = float32(norm[n-1])
		return out
	}
	for k := range out {
		out[k] = float32(z.AtVec(k))
	}
	return out
}

// shared is the geometric path from p_0^hold to a target in the coordinates of a frame.
type shared struct {
	frame  *space.Frame
	target targets.Density
	p0     start
	hold   float64
	batch  targets.Batch
	x, g   []float64
}

func (p *shared) Dim() int { return p.frame.Dim }

func (p *shared) Eval(ctx context.Context, n int, y []float64, grad bool, t *mcmc.Terms) error {
	d := p.frame.Dim
	if len(p.x) < len(y) {
		p.x, p.g = make([]float64, len(y)), make([]float64, len(y))
	}
	p.batch = targets.Batch{N: n, D: d, Want: targets.LogP, X: p.x[:n*d], LogP: t.LogTarget, Status: t.Status}
	if grad {
		p.batch.Want |= targets.Grad
		p.batch.Grad = p.g[:n*d]
	}
	p.frame.ToX(p.batch.X, y)
	if err := p.target.Eval(ctx, &p.batch); err != nil {
		return err
	}
	for i := range n {
		t.LogTarget[i] += p.frame.LogDet
		t.LogRef[i] = 0
		for j, v := range y[i*d : (i+1)*d] {
			l, s, _ := p.p0.at(v)
			t.LogRef[i] += p.hold * l
			if grad {
				t.GradRef[i*d+j] = p.hold * s
			}
		}
	}
	if grad {
		p.frame.Score(t.GradTarget, p.batch.Grad)
	}
	return nil
}
