package mcmc

import (
	"context"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// acceptanceCase is a row of testdata/acceptance.json: closed forms for N(0, 1).
type acceptanceCase struct {
	Kernel     string
	ProposalSD float64       `json:"proposal_sd"`
	Step       float64       `json:"step_size"`
	Leapfrogs  int           `json:"leapfrog_steps"`
	Acceptance float64       `json:"acceptance"`
	EnergyErr  float64       `json:"mean_energy_error"`
	Map        [2][2]float64 `json:"map_q_p"`
	One        struct {
		Q, P float64
		QEnd float64 `json:"q_end"`
		PEnd float64 `json:"p_end"`
	} `json:"one_start"`
}

func acceptanceCases(t *testing.T) []acceptanceCase {
	var file struct{ Cases []acceptanceCase }
	loadJSON(t, "acceptance.json", &file)
	if len(file.Cases) < 10 {
		t.Fatalf("only %d cases read", len(file.Cases))
	}
	return file.Cases
}

// TestLeapfrogMap holds the integrator to the exact linear map on N(0, 1), and to its own reversal.
func TestLeapfrogMap(t *testing.T) {
	f := Plain(normal(1, 0, 1, 0))
	for _, c := range acceptanceCases(t) {
		if c.Kernel != "hmc" {
			continue
		}
		run := func(q, p float64) (float64, float64) {
			s := start(t, f, []float64{q}, false, true)
			m := NewMover(Kernel{Kind: HMC, Leapfrogs: c.Leapfrogs}, 1, 1, false, &Tally{})
			m.y[0], m.p[0], m.step[0], m.start[0] = q, p, c.Step, (q*q+p*p)/2
			if err := m.integrate(context.Background(), f, 1, s, c.Leapfrogs); err != nil {
				t.Fatal(err)
			}
			if want := (m.y[0]*m.y[0] + m.p[0]*m.p[0]) / 2; math.Abs(m.Energy[0]-want) > 1e-13*math.Max(1, want) {
				t.Errorf("step %v × %d: energy %v, want %v", c.Step, c.Leapfrogs, m.Energy[0], want)
			}
			return m.y[0], m.p[0]
		}
		tol := 1e-12 * float64(c.Leapfrogs)
		q, p := run(c.One.Q, c.One.P)
		if math.Abs(q-c.One.QEnd) > tol || math.Abs(p-c.One.PEnd) > tol {
			t.Errorf("step %v × %d: (%v, %v) → (%v, %v), want (%v, %v)", c.Step, c.Leapfrogs, c.One.Q, c.One.P, q, p, c.One.QEnd, c.One.PEnd)
		}
		for i, e := range [][2]float64{{1, 0}, {0, 1}} {
			q, p := run(e[0], e[1])
			if math.Abs(q-c.Map[0][i]) > tol || math.Abs(p-c.Map[1][i]) > tol {
				t.Errorf("step %v × %d: column %d is (%v, %v), want (%v, %v)", c.Step, c.Leapfrogs, i, q, p, c.Map[0][i], c.Map[1][i])
			}
		}
		if back, turned := run(q, -p); math.Abs(back-c.One.Q) > tol || math.Abs(turned+c.One.P) > tol {
			t.Errorf("step %v × %d: reversed from the end it comes to (%v, %v), not to its start", c.Step, c.Leapfrogs, back, turned)
		}
	}
}

// TestAcceptanceRates compares acceptance at stationarity with the closed forms. Draws are independent, so the mean of
// the acceptance probabilities and the frequency of acceptance have known standard errors.
func TestAcceptanceRates(t *testing.T) {
	const n = 20000
	f := Plain(normal(1, 0, 1, 0))
	x := make([]float64, n)
	key := rng.NewKey(1, "test/start", 0)
	for i := range x {
		key.Normals(x[i:i+1], uint32(i), 0, 0)
	}
	for _, c := range acceptanceCases(t) {
		kind, err := ParseKind(c.Kernel)
		if err != nil {
			t.Fatal(err)
		}
		tn := Tuning{Step: c.Step + c.ProposalSD, Scale: []float64{1}}
		kinds := []Kind{kind}
		if c.Leapfrogs == 1 {
			kinds = append(kinds, MALA)
		}
		for _, kind := range kinds {
			m := NewMover(Kernel{Kind: kind, Leapfrogs: c.Leapfrogs}, n, 1, false, &Tally{})
			s := start(t, f, x, false, kind.NeedsGradient())
			st := NewStreams(2, "test", 0)
			stats, err := m.Move(context.Background(), f, 1, &tn, s, &st, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			se := math.Sqrt(c.Acceptance*(1-c.Acceptance)/n) + 1e-9
			got := float64(stats.Accepted) / n
			if z := (got - c.Acceptance) / se; math.Abs(z) > zAlarm {
				t.Errorf("%v, step %v × %d: accepted %v, want %v (z = %.1f)", kind, tn.Step, c.Leapfrogs, got, c.Acceptance, z)
			}
			// A probability varies less than a coin with it, so the bound holds for the mean probability too.
			if z := (stats.Acceptance() - c.Acceptance) / se; math.Abs(z) > zAlarm {
				t.Errorf("%v, step %v × %d: mean acceptance %v, want %v (z = %.1f)", kind, tn.Step, c.Leapfrogs, stats.Acceptance(), c.Acceptance, z)
			}
		}
	}
}
