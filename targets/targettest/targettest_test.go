package targettest

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// subject is a density that has everything the suite looks at, and places to break each of it: a posterior with a
// positive parameter, normalised prior, exact draws of both, a known integral and known moments.
type subject struct {
	targets.Density
	info   targets.Info
	after  func(b *targets.Batch) // spoils a good answer
	sample func(first int, x []float64)
	prior  func(first int, x []float64)
	derive func(n int, out []float64)
	lax    bool // accepts any request
}

func newSubject(t *testing.T) *subject {
	t.Helper()
	d, err := targets.New("conjugate_regression_noise", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return &subject{Density: d, info: d.Info()}
}

func (s *subject) Info() targets.Info { return s.info }

func (s *subject) Eval(ctx context.Context, b *targets.Batch) error {
	if s.lax && b.Check(s.info) != nil {
		return nil
	}
	if err := s.Density.Eval(ctx, b); err != nil {
		return err
	}
	if s.after != nil {
		s.after(b)
	}
	return nil
}

func (s *subject) Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	err := s.Density.(targets.Sampler).Sample(ctx, first, n, key, x)
	if s.sample != nil {
		s.sample(first, x)
	}
	return err
}

func (s *subject) SamplePrior(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	err := s.Density.(targets.PriorSampler).SamplePrior(ctx, first, n, key, x)
	if s.prior != nil {
		s.prior(first, x)
	}
	return err
}

func (s *subject) Outputs() []targets.Param {
	return []targets.Param{{Name: "sigma"}, {Name: "twice", Shape: []int{4}}}
}

func (s *subject) Derive(_ context.Context, n int, x, out []float64) error {
	for i := range n {
		out[i*5] = math.Sqrt(x[i*5+4])
		for j := range 4 {
			out[i*5+1+j] = 2 * x[i*5+j]
		}
	}
	if s.derive != nil {
		s.derive(n, out)
	}
	return nil
}

// TestBrokenDensitiesAreCaught: each fault fails the checks named for it and no other, and the sound subject none.
func TestBrokenDensitiesAreCaught(t *testing.T) {
	each := func(v []float64, f func(i int, x float64) float64) {
		for i, x := range v {
			v[i] = f(i, x)
		}
	}
	for _, c := range []struct {
		fault string
		fails string
		spoil func(s *subject)
	}{
		{"none", "", func(*subject) {}},
		{"no name", "info", func(s *subject) { s.info.Name = "" }},
		{"known mean too short", "info", func(s *subject) { s.info.Known.Mean = []float64{1} }},
		{"accepts what it cannot do", "shapes", func(s *subject) { s.lax = true }},
		{"leaves a status", "shapes", func(s *subject) {
			s.after = func(b *targets.Batch) {
				if b.N > 1 {
					b.Status[b.N-1] = targets.NotEvaluated
				}
			}
		}},
		{"remembers the last call", "purity", func(s *subject) {
			var calls atomic.Int64
			s.after = func(b *targets.Batch) {
				n := float64(calls.Add(1))
				each(b.LogP, func(_ int, v float64) float64 { return v + 1e-9*n })
			}
		}},
		{"writes to the points", "purity", func(s *subject) {
			s.after = func(b *targets.Batch) { each(b.X, func(_ int, v float64) float64 { return v + 1 }) }
		}},
		{"last bits by batch size", "batch", func(s *subject) {
			s.after = func(b *targets.Batch) {
				each(b.LogP, func(_ int, v float64) float64 { return v * (1 + 0x1p-52*float64(b.N)) })
			}
		}},
		{"adds the row's number", "batch", func(s *subject) {
			s.after = func(b *targets.Batch) { each(b.LogP, func(i int, v float64) float64 { return v + 0.01*float64(i) }) }
		}},
		{"one gradient entry off by a thousandth", "gradient", func(s *subject) {
			s.after = func(b *targets.Batch) {
				each(b.Grad, func(i int, v float64) float64 {
					if i%5 == 2 {
						return v * 1.001
					}
					return v
				})
			}
		}},
		{"gradient of the other scale", "gradient", func(s *subject) {
			s.after = func(b *targets.Batch) {
				for i := 4; i < len(b.Grad); i += 5 {
					b.Grad[i] = b.Grad[i]*b.X[i] + 1
				}
			}
		}},
		{"prior and likelihood swapped", "parts", func(s *subject) {
			s.after = func(b *targets.Batch) {
				for i, v := range b.GradPrior {
					b.GradPrior[i], b.GradLik[i] = b.GradLik[i], v
				}
			}
		}},
		{"parts that do not add up", "parts", func(s *subject) {
			s.after = func(b *targets.Batch) { each(b.LogLik, func(_ int, v float64) float64 { return v + 1e-6 }) }
		}},
		{"calls everything fine", "status", func(s *subject) { s.after = func(b *targets.Batch) { clear(b.Status) } }},
		{"a NaN row spoils its neighbours", "status", func(s *subject) {
			s.after = func(b *targets.Batch) {
				for i, st := range b.Status {
					if st == targets.Numerical {
						for j := range b.LogP[:i] {
							b.LogP[j] = -1
						}
					}
				}
			}
		}},
		{"draws by call, not by slot", "draws", func(s *subject) {
			s.sample = func(first int, x []float64) { x[0] += float64(first) }
		}},
		{"the same draw for every slot", "draws", func(s *subject) {
			s.prior = func(_ int, x []float64) {
				for i := range x {
					x[i] = float64(i%5 + 1)
				}
			}
		}},
		{"draws too wide by a twentieth", "score moments", func(s *subject) {
			mean := s.info.Known.Mean
			s.sample = func(_ int, x []float64) {
				for i := range x {
					if i%5 < 4 {
						x[i] = mean[i%5] + 1.1*(x[i]-mean[i%5])
					}
				}
			}
		}},
		{"prior draws of half the variance", "score", func(s *subject) {
			s.prior = func(_ int, x []float64) {
				for i := range x {
					if i%5 < 4 {
						x[i] *= math.Sqrt(0.5)
					}
				}
			}
		}},
		{"known mean wrong by a third of an sd", "moments", func(s *subject) {
			s.info.Known.Mean = slices.Clone(s.info.Known.Mean)
			s.info.Known.Mean[1] += s.info.Known.SD[1] / 3
		}},
		{"known log Z wrong by a twentieth", "log-z", func(s *subject) { s.info.Known.LogZ += 0.05 }},
		{"a constant left out", "log-z", func(s *subject) {
			s.after = func(b *targets.Batch) {
				for _, v := range [][]float64{b.LogP, b.LogLik} {
					each(v, func(_ int, v float64) float64 { return v + 0.5*math.Log(2*math.Pi) })
				}
			}
		}},
		{"outputs that depend on the batch", "outputs", func(s *subject) {
			s.derive = func(n int, out []float64) { out[0] += float64(n) }
		}},
		{"shared scratch", "concurrency", func(s *subject) {
			var inside atomic.Int64
			s.after = func(b *targets.Batch) {
				inside.Add(1)
				for range 200 { // time for another call to come in, if there is one
					runtime.Gosched()
					if inside.Load() > 1 {
						b.LogP[0]++
						break
					}
				}
				inside.Add(-1)
			}
		}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := newSubject(t)
			c.spoil(s)
			var failed, said []string
			for _, r := range Run(context.Background(), s, Options{}) {
				if len(r.Failures) > 0 {
					failed = append(failed, r.Check)
					said = append(said, r.Failures...)
				}
			}
			if got := strings.Join(failed, " "); got != c.fails {
				t.Errorf("failed %q, wanted %q; it said:\n%s", got, c.fails, strings.Join(said, "\n"))
			}
		})
	}
}

// TestTransformCheckBites: a change of variables without its Jacobian is noticed.
func TestTransformCheckBites(t *testing.T) {
	d := newSubject(t)
	tr, err := targets.NewTransform(d.info.Params)
	if err != nil {
		t.Fatal(err)
	}
	forgot := targets.FuncNoGrad("no jacobian", targets.Reals("u", 5), func(u []float64) float64 {
		b := targets.NewBatch(1, 5, targets.LogP)
		tr.Constrain(1, u, b.X)
		if err := d.Density.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		return b.LogP[0]
	})
	s := &suite{ctx: context.Background(), d: d, in: d.info, o: Options{}.withDefaults()}
	s.sameIntegrals(forgot, tr)
	if len(s.failures) == 0 || s.skipped != "" {
		t.Errorf("not noticed (%s)", s.skipped)
	}
}

func TestCheckNamesTheCheck(t *testing.T) {
	s := newSubject(t)
	s.info.Known.LogZ++
	var r recorder
	Check(&r, s, Options{})
	if len(r) != 1 || !strings.HasPrefix(r[0], "log-z: importance sampling gives") {
		t.Errorf("reported %q", []string(r))
	}
}

type recorder []string

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }
