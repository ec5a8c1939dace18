package mcmc

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// kernels to test, with step sizes at which a third or so of the proposals are rejected.
var kernelCases = []struct {
	kernel Kernel
	step   float64
}{
	{Kernel{Kind: RWM}, 1.2},
	{Kernel{Kind: MALA}, 1.2},
	{Kernel{Kind: HMC, Leapfrogs: 3}, 0.9},
	{Kernel{Kind: HMC, Leapfrogs: 4, Jitter: 0.5}, 0.9},
}

// worstDrift starts from exact draws of the skewed target, moves them ten times, and returns the Kolmogorov–Smirnov
// distance of what came out, as a multiple of the limit at the false-alarm rate. A right kernel stays below one.
func worstDrift(t *testing.T, k Kernel, step float64, wrong func(*Mover)) float64 {
	t.Helper()
	const n, d = 20000, 2
	f := Plain(gumbel(d))
	x := make([]float64, n*d)
	gumbelDraws(x, rng.NewKey(3, "test/start", 0))
	s := start(t, f, x, false, k.Kind.NeedsGradient())
	m := NewMover(k, n, d, false, &Tally{})
	if wrong != nil {
		wrong(m)
	}
	tn := Tuning{Step: step, Scale: []float64{1, 0.7}}
	st := NewStreams(4, "test", 0)
	for i := range 10 {
		if i == 5 { // the second half in sheared coordinates
			tn.Factor = []float64{1.2, -0.5, 0.8}
		}
		if _, err := m.Move(context.Background(), f, 1, &tn, s, &st, uint32(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	worst := 0.0
	for j := range d {
		col := make([]float64, n)
		for i := range col {
			col[i] = s.X[i*d+j]
		}
		worst = max(worst, ks(col, gumbelCDF)/ksLimit(n))
	}
	return worst
}

func TestKernelsLeaveTheTargetInvariant(t *testing.T) {
	for _, c := range kernelCases {
		if drift := worstDrift(t, c.kernel, c.step, nil); drift > 1 {
			t.Errorf("%+v: the draws drift away from the target: %.2f times the limit", c.kernel, drift)
		}
	}
}

// TestWrongKernelsDrift is the power of the test above: each of these common mistakes must be seen.
func TestWrongKernelsDrift(t *testing.T) {
	wrongs := map[string]func(*Mover){
		"missing last half kick": func(m *Mover) {
			m.kick = func(step, steps int) float64 {
				if step == steps {
					return 0
				}
				return leapfrogKick(step, steps)
			}
		},
		"whole first kick": func(m *Mover) {
			m.kick = func(step, steps int) float64 {
				if step == 0 {
					return 1
				}
				return leapfrogKick(step, steps)
			}
		},
		"wrong sign of the acceptance": func(m *Mover) {
			m.accept = func(logRatio, uniform float64) bool { return metropolis(-logRatio, uniform) }
		},
		"everything accepted": func(m *Mover) {
			m.accept = func(float64, float64) bool { return true }
		},
	}
	for name, wrong := range wrongs {
		for _, c := range kernelCases {
			if c.kernel.Kind == RWM && (name == "missing last half kick" || name == "whole first kick") {
				continue // it has no kicks
			}
			if drift := worstDrift(t, c.kernel, c.step, wrong); drift < 1 {
				t.Errorf("%+v with %s passes: %.2f times the limit", c.kernel, name, drift)
			}
		}
	}
}

// TestPathInvariance checks γ_β between two normals of different mean and width, which is normal too: at both ends and
// in between, with the target's log density shifted by a constant.
func TestPathInvariance(t *testing.T) {
	const n = 20000
	m0, s0, m1, s1 := 0.0, 1.5, 1.0, 0.5
	f := pair{normal(1, m0, s0, 0), normal(1, m1, s1, 40)}
	for _, beta := range []float64{0, 0.3, 1} {
		prec := (1-beta)/(s0*s0) + beta/(s1*s1)
		mean, sd := ((1-beta)*m0/(s0*s0)+beta*m1/(s1*s1))/prec, 1/math.Sqrt(prec)
		for _, c := range kernelCases {
			t.Run(fmt.Sprintf("%v/beta=%v", c.kernel.Kind, beta), func(t *testing.T) {
				x := make([]float64, n)
				key := rng.NewKey(5, "test/start", 0)
				for i := range x {
					key.Normals(x[i:i+1], uint32(i), 0, 0)
					x[i] = mean + sd*x[i]
				}
				s := start(t, f, x, true, c.kernel.Kind.NeedsGradient())
				m := NewMover(c.kernel, n, 1, true, &Tally{})
				tn := Tuning{Step: c.step, Scale: []float64{sd}}
				st := NewStreams(6, "test", 0)
				for i := range 5 {
					if _, err := m.Move(context.Background(), f, beta, &tn, s, &st, 0, uint32(i)); err != nil {
						t.Fatal(err)
					}
				}
				got := ks(append([]float64(nil), s.X...), func(x float64) float64 { return normalCDF((x - mean) / sd) })
				if got > ksLimit(n) {
					t.Errorf("distance %.4f from γ_β, limit %.4f", got, ksLimit(n))
				}
				fresh := start(t, f, s.X, true, c.kernel.Kind.NeedsGradient())
				for i := range n {
					if s.LogRef[i] != fresh.LogRef[i] || s.LogTarget[i] != fresh.LogTarget[i] {
						t.Fatalf("row %d carries terms %v, %v; its point has %v, %v", i, s.LogRef[i], s.LogTarget[i], fresh.LogRef[i], fresh.LogTarget[i])
					}
				}
			})
		}
	}
}
