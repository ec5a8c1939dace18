package learn

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Owns is a Path that knows the density at cuts of its own (smc.CutOwn).
type Owns interface {
	Path
	// LogOwn turns logp, log ρ at n points y, to log γ at cut k, in the frame both, and score, unless it is nil, likewise.
	LogOwn(ctx context.Context, k int, y, logp, score []float64) error
}

var _ smc.OwnDensity = (*Learner)(nil)

// OwnGradient tells that gradients can be had wherever the path declares a cut of its own.
func (l *Learner) OwnGradient() bool { return true }

// OwnOfTarget tells that such densities are made of the target's.
func (l *Learner) OwnOfTarget() bool { return true }

// LogOwn is log γ at a cut that is the path's own.
func (l *Learner) LogOwn(ctx context.Context, cut int, b *targets.Batch) error {
	if l.served == nil {
		return errUntrained
	}
	return l.served.logOwn(ctx, cut, b)
}

func (s *served) logOwn(ctx context.Context, cut int, b *targets.Batch) error {
	owns, ok := s.path.(Owns)
	if !ok || cut < 1 || cut > len(s.path.Cuts()) || s.path.Cuts()[cut-1].Kind != smc.CutOwn {
		return errNotOwn
	}
	if err := s.target.Eval(ctx, b); err != nil {
		return err
	}
	d := s.frame.Dim
	y := make([]float64, b.N*d)
	s.frame.ToY(y, b.X)
	var score []float64
	if b.Want.Has(targets.Grad) {
		score = make([]float64, b.N*d)
		s.frame.Score(score, b.Grad)
	}
	logp := b.LogP[:b.N]
	for i := range logp {
		logp[i] += s.frame.LogDet
	}
	if err := owns.LogOwn(ctx, cut, y, logp, score); err != nil {
		return err
	}
	for i := range logp {
		if logp[i] -= s.frame.LogDet; math.IsNaN(logp[i]) {
			logp[i] = math.Inf(-1)
		}
	}
	if score != nil { // ∇_x = B⁻ᵀ ∇_y
		clear(b.Grad)
		for i := range b.N {
			out := b.Grad[i*d : (i+1)*d]
			for j, g := range score[i*d : (i+1)*d] {
				for k, v := range s.frame.Inv[j*d : (j+1)*d] {
					out[k] += v * g
				}
			}
		}
	}
	return nil
}
