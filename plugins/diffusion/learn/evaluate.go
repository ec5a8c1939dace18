package learn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

const (
	lookPaths  = 1024 // that a training looks at itself by
	finalPaths = 8192 // that its end is judged by
	costly     = 128  // dimensions, beyond which there are fewer of them
)

// paths is n, or fewer in many dimensions, where each costs more.
func paths(n, d int) int { return max(n*costly/max(d, costly)/Lanes, 1) * Lanes }

// Evaluation is what fresh particles say of a path.
type Evaluation struct {
	N         int
	ESS       float64 // as a fraction
	LogZ      float64 // log of the mean weight
	LogZLower float64 // mean of the log weights, a lower bound in expectation
	// Halving is by how much, root mean square, log weights of the same particles change where steps are halved: of paths
	// that are discretised.
	Halving float64
}

// MarshalJSON writes what is not finite as null, as all of Sampan's JSON does: one particle outside the support is enough for a
// mean log weight of minus infinity.
func (e Evaluation) MarshalJSON() ([]byte, error) {
	finite := func(x float64) *float64 {
		if bad(x) {
			return nil
		}
		return &x
	}
	return json.Marshal(struct {
		N         int      `json:"n"`
		ESS       *float64 `json:"ess"`
		LogZ      *float64 `json:"log_z"`
		LogZLower *float64 `json:"log_z_lower"`
		Halving   float64  `json:"halving,omitempty"`
	}{e.N, finite(e.ESS), finite(e.LogZ), finite(e.LogZLower), e.Halving})
}

func (e Evaluation) metrics() map[string]float64 {
	return map[string]float64{"ess": e.ESS, "log_z": e.LogZ, "log_z_lower": e.LogZLower}
}

// evaluate sends n particles down the whole path.
func (s *served) evaluate(ctx context.Context, p *Problem, n int) (Evaluation, error) {
	lw, err := s.weights(ctx, p, n)
	if err != nil {
		return Evaluation{}, err
	}
	return weigh(lw), nil
}

const (
	halvedPaths = 512  // that the steps are judged by
	coarse      = 0.05 // change of log weights from which on steps are too long
)

// halve sends a few particles down a path that is discretised, and down the finer one, and says what is wrong with it, if
// anything is.
func (s *served) halve(ctx context.Context, p *Problem, e *Evaluation) (warning string, err error) {
	path, ok := s.path.(Finer)
	if !ok {
		return "", nil
	}
	lw, err := s.weights(ctx, p, halvedPaths)
	if err != nil {
		return "", err
	}
	fine := *s
	fine.path = path.Finer()
	finer, err := fine.weights(ctx, p, halvedPaths)
	if err != nil {
		return "", err
	}
	sum, n := 0.0, 0.0
	for i, a := range lw {
		if d := a - finer[i]; !bad(d) {
			sum += d * d
			n++
		}
	}
	if n < halvedPaths/2 {
		return "the path's steps are too long: half its particles get lost", nil
	}
	if e.Halving = math.Sqrt(sum / n); e.Halving > coarse {
		warning = fmt.Sprintf("the path's steps are long: log weights change by %.2g, root mean square, where they are halved", e.Halving)
	}
	return warning, nil
}

// weights are the log weights of n particles that went down the whole path.
func (s *served) weights(ctx context.Context, p *Problem, n int) ([]float64, error) {
	key := p.Stream("evaluation")
	d := s.frame.Dim
	at, next := smc.NewParticles(n, d, 0), smc.NewParticles(n, d, 0)
	if err := s.reference.Sample(ctx, 0, n, key, at.X); err != nil {
		return nil, err
	}
	lw, ratio, status := make([]float64, n), make([]float64, n), make([]targets.Status, n)
	if s.path.Forgets() { // the start is of no account
		for i := range lw {
			lw[i] = s.frame.LogDet
		}
	} else {
		if err := s.start(ctx, at, lw); err != nil {
			return nil, err
		}
		for i := range lw {
			lw[i] = -lw[i]
		}
	}
	for k := range s.path.Cuts() {
		if err := s.spread(ctx, p.Pool(), k+1, at, next, ratio, status, p.Stream("evaluation/moves")); err != nil {
			return nil, err
		}
		for i, r := range ratio {
			lw[i] += r
		}
		at, next = next, at
	}
	b := targets.NewBatch(n, d, targets.LogP)
	copy(b.X, at.X)
	if err := s.target.Eval(ctx, b); err != nil {
		return nil, err
	}
	for i, v := range b.LogP {
		lw[i] += v
		if math.IsNaN(lw[i]) {
			lw[i] = math.Inf(-1)
		}
	}
	return lw, nil
}

// share is the number of particles that a worker moves at a time.
const share = 512

// spread moves in to out over segment k, the workers of pool each a part of them.
func (s *served) spread(ctx context.Context, pool *par.Pool, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	errs := make([]error, (in.N+share-1)/share)
	pool.For(len(errs), func(_, i int) {
		lo, hi := i*share, min((i+1)*share, in.N)
		rows := func(p *smc.Particles) *smc.Particles {
			return &smc.Particles{N: hi - lo, D: p.D, First: p.First + lo, X: p.X[lo*p.D : hi*p.D]}
		}
		errs[i] = s.move(ctx, s.path.Move, k, rows(in), rows(out), ratio[lo:hi], status[lo:hi], key)
	})
	return errors.Join(errs...)
}

// weigh makes an evaluation of log weights.
func weigh(lw []float64) Evaluation {
	n, top := float64(len(lw)), math.Inf(-1)
	for _, l := range lw {
		top = max(top, l)
	}
	e := Evaluation{N: len(lw), LogZ: math.Inf(-1), LogZLower: math.Inf(-1)}
	if math.IsInf(top, 0) {
		return e
	}
	one, two, mean := 0.0, 0.0, 0.0
	for _, l := range lw {
		w := math.Exp(l - top)
		one += w
		two += w * w
		mean += l / n
	}
	e.ESS, e.LogZ, e.LogZLower = one*one/two/n, top+math.Log(one/n), mean
	return e
}
