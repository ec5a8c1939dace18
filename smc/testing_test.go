package smc

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// zAlarm is the two-sided normal quantile of 1e-6, the chance at which each statistical test here fails though all is
// well; seeds are fixed, so a test that passes once passes always.
const zAlarm = 4.8916

func loadJSON(t *testing.T, name string, into any) {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(r).Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// logGamma is a product of d skewed densities, log p = 2x − eˣ, whose integral is 1: exp(x) is a gamma variate of shape 2.
func logGamma(d int) targets.Density {
	return targets.Func("log-gamma", targets.Reals("x", d), func(x, g []float64) float64 {
		s := 0.0
		for j, v := range x {
			e := math.Exp(v)
			s += 2*v - e
			if g != nil {
				g[j] = 2 - e
			}
		}
		return s
	})
}

// bell is exp(−|x − mean|²/(2 sd²)), not normalised.
func bell(d int, mean, sd float64) targets.Density {
	return targets.Func("bell", targets.Reals("x", d), func(x, g []float64) float64 {
		s := 0.0
		for j, v := range x {
			z := (v - mean) / sd
			s -= z * z / 2
			if g != nil {
				g[j] = -z / sd
			}
		}
		return s
	})
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newNormal(t *testing.T, d int, mean, sd float64) Reference {
	t.Helper()
	return must[Reference](t)(NewNormal(d, []float64{mean}, []float64{sd}))
}

// gaussPath is the path from N(m0, s0²) to a bell at m1 of width s1: normal at every β.
type gaussPath struct{ m0, s0, m1, s1 float64 }

func (g gaussPath) at(beta float64) (mean, sd float64) {
	p0, p1 := (1-beta)/(g.s0*g.s0), beta/(g.s1*g.s1)
	return (g.m0*p0 + g.m1*p1) / (p0 + p1), 1 / math.Sqrt(p0+p1)
}

// autoregression is a kernel of known law on a gaussPath: x ← μ_β + ρ(x − μ_β) + √(1−ρ²) σ_β z leaves γ_β invariant.
type autoregression struct {
	path  gaussPath
	rho   float64
	z     []float64
	tally *mcmc.Tally
}

func (a *autoregression) Move(ctx context.Context, f mcmc.Density, beta float64, _ *mcmc.Tuning, s *mcmc.State, st *mcmc.Streams, stage, inner uint32) (mcmc.Stats, error) {
	mean, sd := a.path.at(beta)
	c := math.Sqrt(1-a.rho*a.rho) * sd
	for i := range s.N {
		st.Proposal.Normals(a.z, uint32(i), stage, inner)
		for j, z := range a.z {
			x := &s.X[i*s.D+j]
			*x = mean + a.rho*(*x-mean) + c*z
		}
	}
	return mcmc.Stats{Tried: s.N, Accepted: s.N, Prob: float64(s.N)}, s.Refresh(ctx, f, a.tally)
}

// withAutoregression puts that kernel in place of the run's own.
func withAutoregression(r *run, path gaussPath, rho float64) {
	r.newMover = func(_ mcmc.Kernel, _, d int, tally *mcmc.Tally) mover {
		return &autoregression{path: path, rho: rho, z: make([]float64, d), tally: tally}
	}
}

// plain is a configuration for kernels that are replaced or need no tuning.
func plain(particles, islands int, betas []float64) Config {
	c := Defaults()
	c.Seed, c.Particles, c.Islands, c.Schedule.Betas = 7, particles, islands, betas
	c.Move = Move{Kernel: mcmc.Kernel{Kind: mcmc.RWM}, Steps: 1, Step: 1}
	return c
}

// fixedPlan runs through betas with one tuning.
func fixedPlan(betas []float64, tn mcmc.Tuning) *Plan {
	p := &Plan{}
	for _, b := range betas {
		p.Stages = append(p.Stages, PlannedStage{Beta: b, Moves: 1, Tuning: tn})
	}
	return p
}

func unitTuning(d int, step float64) mcmc.Tuning {
	tn := mcmc.FirstTuning(mcmc.RWM, d)
	tn.Step = step
	return tn
}
