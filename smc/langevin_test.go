package smc

import (
	"context"
	"errors"
	"math"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// langevin is the annealed unadjusted Langevin bridge with its reversal, as a transport: with temperatures β_j = j/steps
// and step size e,
//
//	F: x′ = x + e ∇log γ_{β_j}(x) + √(2e) ξ;   B: x = x′ + e ∇log γ_{β_{j+1}}(x′) + √(2e) ξ
//
// Its fields make it wrong in the ways that the engine's tests must notice, or poor in those that a pilot must.
type langevin struct {
	ref    Reference // of its path; own says whether it brings it along
	own    bool
	target targets.Density
	steps  int
	cuts   int
	kinds  func(k int) CutKind // of cut k below the last; nil: CutBeta
	e      float64

	sign  float64                                          // of its log ratio; 0 is right
	after func(x float64, beta float64, z float64) float64 // moves a particle after the ratio was taken; nil: right
	spoil func(k, slot int, x, ratio []float64)            // spoils a particle; nil: does not
	fixed bool                                             // random numbers do not depend on the cuts
	aloof bool                                             // says that its own densities are none of the target's
}

// settable is one whose cuts can be set.
type settable struct{ *langevin }

func (s *settable) SetCuts(n int) error {
	s.cuts = min(n, s.steps)
	for s.steps%s.cuts != 0 {
		s.cuts--
	}
	return nil
}

func (l *langevin) Info() TransportInfo { return TransportInfo{Name: "langevin", Exact: true} }

func (l *langevin) Reference() Reference {
	if l.own {
		return l.ref
	}
	return nil
}

func (l *langevin) beta(j int) float64 { return float64(j) / float64(l.steps) }

func (l *langevin) Cuts() []Cut {
	cuts := make([]Cut, l.cuts)
	for k := range cuts {
		cuts[k] = Cut{Beta: l.beta((k + 1) * l.steps / l.cuts)}
		if k < l.cuts-1 && l.kinds != nil {
			cuts[k].Kind = l.kinds(k + 1)
		}
	}
	return cuts
}

// gradient fills g with that of log γ_β at n points x; logs, if not nil, with log γ_β.
func (l *langevin) gradient(ctx context.Context, beta float64, n int, x, g, logs []float64) error {
	d := len(x) / n
	a, b := targets.NewBatch(n, d, targets.LogP|targets.Grad), targets.NewBatch(n, d, targets.LogP|targets.Grad)
	a.X, b.X = x, x
	if err := errors.Join(l.ref.Eval(ctx, a), l.target.Eval(ctx, b)); err != nil {
		return err
	}
	for i := range g {
		g[i] = (1-beta)*a.Grad[i] + beta*b.Grad[i]
	}
	for i := range logs {
		logs[i] = (1-beta)*a.LogP[i] + beta*b.LogP[i]
	}
	return nil
}

func (l *langevin) Segment(ctx context.Context, k int, in, out *Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	n, d := in.N, in.D
	if l.fixed {
		key = rng.NewKey(1, "langevin", 0)
	}
	g, h, z := make([]float64, n*d), make([]float64, n*d), make([]float64, d)
	copy(out.X, in.X)
	clear(ratio)
	if err := l.gradient(ctx, l.beta((k-1)*l.steps/l.cuts), n, out.X, g, nil); err != nil {
		return err
	}
	out.Used.Gradient += int64(n)
	for j := (k - 1) * l.steps / l.cuts; j < k*l.steps/l.cuts; j++ {
		x := append([]float64(nil), out.X...)
		for i := range n {
			key.Normals(z, uint32(i), 0, uint32(j))
			for c := range z {
				out.X[i*d+c] += l.e*g[i*d+c] + math.Sqrt(2*l.e)*z[c]
				ratio[i] += z[c] * z[c] / 2
			}
		}
		if err := l.gradient(ctx, l.beta(j+1), n, out.X, h, nil); err != nil {
			return err
		}
		out.Used.Gradient += int64(n)
		for i := range n {
			for c := i * d; c < (i+1)*d; c++ {
				back := x[c] - out.X[c] - l.e*h[c]
				ratio[i] -= back * back / (4 * l.e)
			}
		}
		g, h = h, g
	}
	for i := range n {
		status[i] = targets.OK
		if l.sign != 0 {
			ratio[i] *= l.sign
		}
		if l.after != nil {
			key.Normals(z, uint32(i), 1, uint32(k))
			for c := range z {
				out.X[i*d+c] = l.after(out.X[i*d+c], l.beta(k*l.steps/l.cuts), z[c])
			}
		}
		if l.spoil != nil {
			l.spoil(k, i, out.X[i*d:(i+1)*d], ratio[i:i+1])
		}
	}
	if out.LogOwn == nil {
		return nil
	}
	b := targets.Batch{N: n, D: d, Want: targets.LogP, X: out.X, LogP: out.LogOwn, Status: status}
	return l.LogOwn(ctx, k, &b)
}

// LogOwn is at a temperature a little off, and not normalised.
func (l *langevin) LogOwn(ctx context.Context, k int, b *targets.Batch) error {
	g := b.Grad
	if g == nil {
		g = make([]float64, b.N*b.D)
	}
	for i := range b.Status {
		b.Status[i] = targets.OK
	}
	if err := l.gradient(ctx, math.Pow(l.beta(k*l.steps/l.cuts), 1.5), b.N, b.X, g, b.LogP); err != nil {
		return err
	}
	for i := range b.LogP {
		b.LogP[i] += 3
	}
	return nil
}

func (l *langevin) OwnGradient() bool { return true }
func (l *langevin) OwnOfTarget() bool { return !l.aloof }

// newLangevin bridges from N(0, 1) to bell(2, 1) in one dimension.
func newLangevin(ref Reference, target targets.Density) *langevin {
	return &langevin{ref: ref, target: target, steps: 8, cuts: 4, e: 0.15}
}

// reversible is one that can be run back.
type reversible struct{ *langevin }

func (r *reversible) Backward(ctx context.Context, k int, in, out *Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	n, d := in.N, in.D
	g, h, z := make([]float64, n*d), make([]float64, n*d), make([]float64, d)
	copy(out.X, in.X)
	clear(ratio)
	if err := r.gradient(ctx, r.beta(k*r.steps/r.cuts), n, out.X, h, nil); err != nil {
		return err
	}
	for j := k*r.steps/r.cuts - 1; j >= (k-1)*r.steps/r.cuts; j-- {
		y := append([]float64(nil), out.X...)
		for i := range n {
			key.Normals(z, uint32(i), 0, uint32(j))
			for c := range z {
				out.X[i*d+c] += r.e*h[i*d+c] + math.Sqrt(2*r.e)*z[c]
				ratio[i] -= z[c] * z[c] / 2
			}
		}
		if err := r.gradient(ctx, r.beta(j), n, out.X, g, nil); err != nil {
			return err
		}
		for i := range n {
			for c := i * d; c < (i+1)*d; c++ {
				on := y[c] - out.X[c] - r.e*g[c]
				ratio[i] += on * on / (4 * r.e)
			}
		}
		g, h = h, g
	}
	for i := range status {
		status[i] = targets.OK
		if r.sign != 0 {
			ratio[i] *= r.sign
		}
	}
	return nil
}
