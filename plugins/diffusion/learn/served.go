package learn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// served is a path as the host sees it: in the target's own coordinates, from the reference on.
type served struct {
	path      Path
	frame     *space.Frame
	target    targets.Density
	reference smc.Reference
}

func newServed(path Path, f *space.Frame, target targets.Density) (*served, error) {
	s := &served{path: path, frame: f, target: target}
	d := f.Dim
	mean, b := startOf(path, f)
	var cov mat.SymDense
	cov.SymOuterK(1, b)
	var chol mat.Cholesky
	if !chol.Factorize(&cov) {
		return nil, fmt.Errorf("the frame's covariance is singular")
	}
	var l mat.TriDense
	chol.LTo(&l)
	packed := make([]float64, 0, d*(d+1)/2)
	for i := range d {
		for j := range i + 1 {
			packed = append(packed, l.At(i, j))
		}
	}
	var err error
	s.reference, err = smc.NewMultiNormal(mean, packed)
	return s, err
}

// startOf is the start of a path in the target's coordinates: its mean, and b with b bᵀ its covariance.
func startOf(path Path, f *space.Frame) (mean []float64, b *mat.Dense) {
	d := f.Dim
	b, mean = mat.NewDense(d, d, slices.Clone(f.B)), slices.Clone(f.Mean)
	var center, std []float64
	if p, ok := path.(Starts); ok {
		center, std = p.Start()
	}
	if std == nil {
		b.Scale(path.Scale(), b)
		return mean, b
	}
	f.ToX(mean, center)
	for i := range d {
		for j, s := range std {
			b.Set(i, j, b.At(i, j)*s)
		}
	}
	return mean, b
}

// Segment moves in over segment k of the path.
func (l *Learner) Segment(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	if l.served == nil {
		return errUntrained
	}
	s := l.served
	if s.path.Forgets() && k == 1 {
		// A path that starts at a point has forgotten where the particle was: its backward kernel there is the reference,
		// and only the density of its first step, forward, knows of the frame's volume.
		if err := s.start(ctx, in, logRatio); err != nil {
			return err
		}
		forgot := append([]float64(nil), logRatio...)
		defer func() {
			for i, f := range forgot {
				logRatio[i] += f + s.frame.LogDet
			}
		}()
	}
	if err := s.move(ctx, s.path.Move, k, in, out, logRatio, status, key); err != nil || out.LogOwn == nil {
		return err
	}
	return s.own(ctx, k, out, status)
}

// own fills in what the path knows of the density at its cut k.
func (s *served) own(ctx context.Context, k int, out *smc.Particles, status []targets.Status) error {
	b := targets.Batch{N: out.N, D: out.D, Want: targets.LogP, X: out.X, LogP: out.LogOwn, Status: make([]targets.Status, out.N)}
	if err := s.logOwn(ctx, k, &b); err != nil {
		return err
	}
	for i, l := range out.LogOwn {
		if math.IsInf(l, 1) || b.Status[i] == targets.Numerical {
			status[i], out.LogOwn[i] = targets.Numerical, math.Inf(-1)
		}
	}
	return nil
}

// Backward draws the way back over segment k, where the path has one.
func (l *Learner) Backward(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	if l.served == nil {
		return errUntrained
	}
	s := l.served
	r, ok := s.path.(Returns)
	if !ok {
		return fmt.Errorf("the path of %s has no way back", l.plan.Name())
	}
	if err := s.move(ctx, r.Return, k, in, out, logRatio, status, key); err != nil {
		return err
	}
	if out.LogOwn != nil {
		if err := s.own(ctx, k-1, out, status); err != nil {
			return err
		}
	}
	if k > 1 || !s.path.Forgets() {
		return nil
	}
	// Where the way there forgets, the way back draws from the reference.
	if err := s.reference.Sample(ctx, in.First, in.N, rng.NewKey(key.Uint64(), "diffusion/forgotten", 0), out.X); err != nil {
		return err
	}
	logp := make([]float64, in.N)
	if err := s.start(ctx, out, logp); err != nil {
		return err
	}
	for i, v := range logp {
		logRatio[i] += v + s.frame.LogDet
	}
	return nil
}

// SetCuts cuts the path elsewhere; one that cannot be keeps its cuts.
func (l *Learner) SetCuts(n int) error {
	if l.served == nil {
		return errUntrained
	}
	if r, ok := l.served.path.(Recut); ok {
		return r.SetCuts(n)
	}
	return nil
}

// start writes the reference's log density at x to logp.
func (s *served) start(ctx context.Context, x *smc.Particles, logp []float64) error {
	b := targets.Batch{N: x.N, D: x.D, Want: targets.LogP, X: x.X, LogP: logp, Status: make([]targets.Status, x.N)}
	return s.reference.Eval(ctx, &b)
}

type mover func(ctx context.Context, k int, y, ratio []float64, key rng.Key, first uint32) error

// move takes in to out in the frame's coordinates.
func (s *served) move(ctx context.Context, by mover, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	y := make([]float64, len(in.X))
	s.frame.ToY(y, in.X)
	if err := by(ctx, k, y, ratio, key, uint32(in.First)); err != nil {
		return err
	}
	s.frame.ToX(out.X, y)
	d := in.D
	for i := range in.N {
		status[i] = targets.OK
		if bad(ratio[i]) || bad(sum(out.X[i*d:(i+1)*d])) {
			status[i], ratio[i] = targets.Numerical, math.Inf(-1)
			copy(out.X[i*d:(i+1)*d], in.X[i*d:(i+1)*d])
		}
	}
	return nil
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}
