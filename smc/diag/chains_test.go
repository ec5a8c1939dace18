package diag

import (
	"math"
	"os"
	"strings"
	"testing"
)

// diagnosticCase is one array of draws with what R's posterior 1.4.0 and loo 2.5.1 say about it.
type diagnosticCase struct {
	Name  string
	Draws [][]number
	R     struct {
		Mean, SD, Rhat   number
		RhatBasic        number            `json:"rhat_basic"`
		RhatBasicNosplit number            `json:"rhat_basic_nosplit"`
		ESSBulk          number            `json:"ess_bulk"`
		ESSTail          number            `json:"ess_tail"`
		ESSMean          number            `json:"ess_mean"`
		ESSBasicNosplit  number            `json:"ess_basic_nosplit"`
		ESSSD            number            `json:"ess_sd"`
		MCSEMean         number            `json:"mcse_mean"`
		MCSESD           number            `json:"mcse_sd"`
		Quantile         map[string]number `json:"quantile"`
		ESSQuantile      map[string]number `json:"ess_quantile"`
		MCSEQuantile     map[string]number `json:"mcse_quantile"`
		Autocovariance   []number          `json:"autocovariance_chain1"`
		TailRight        *number           `json:"pareto_k_right"`
		TailLeft         *number           `json:"pareto_k_left"`
		PSISK            *number           `json:"psis_k"`
		PSISESS          number            `json:"psis_n_eff"`
		PSISMax          number            `json:"psis_max_log_weight"`
		PSISMin          number            `json:"psis_min_log_weight"`
		PSISMean         number            `json:"psis_mean_x"`
	} `json:"posterior_r"`
}

func (c diagnosticCase) draws() [][]float64 {
	out := make([][]float64, len(c.Draws))
	for i, chain := range c.Draws {
		out[i] = floats(chain)
	}
	return out
}

func diagnosticCases(t *testing.T) []diagnosticCase {
	files, err := os.ReadDir("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	cases := make([]diagnosticCase, len(files))
	for i, f := range files {
		load(t, "cases/"+f.Name(), &cases[i])
	}
	if len(cases) != 24 {
		t.Fatalf("%d cases, want 24", len(cases))
	}
	return cases
}

func caseNamed(t *testing.T, prefix string) [][]float64 {
	for _, c := range diagnosticCases(t) {
		if strings.HasPrefix(c.Name, prefix) {
			return c.draws()
		}
	}
	t.Fatalf("no case %s", prefix)
	return nil
}

func TestChainStatisticsAgainstOracle(t *testing.T) {
	var worst float64
	for _, c := range diagnosticCases(t) {
		x := c.draws()
		check := func(what string, got float64, want number) {
			t.Helper()
			w := float64(want)
			if math.IsNaN(w) || math.IsInf(w, 0) || math.IsNaN(got) || math.IsInf(got, 0) {
				if !near(got, w, 0) {
					t.Errorf("%s: %s = %v, want %v", c.Name, what, got, w)
				}
				return
			}
			rel := math.Abs(got - w)
			if w != 0 {
				rel /= math.Abs(w)
			}
			if rel > 1e-8 {
				t.Errorf("%s: %s = %.17g, want %.17g (off by %.1e)", c.Name, what, got, w, rel)
			}
			worst = math.Max(worst, rel)
		}
		s, r := Summarize(x), c.R
		check("mean", s.Mean, r.Mean)
		check("sd", s.SD, r.SD)
		check("rhat", s.Rhat, r.Rhat)
		check("rhat_basic", s.RhatBasic, r.RhatBasic)
		check("rhat alone", Rhat(x), r.Rhat)
		check("ess_bulk alone", ESSBulk(x), r.ESSBulk)
		check("ess_tail alone", ESSTail(x), r.ESSTail)
		check("rhat without split", rhat(x), r.RhatBasicNosplit)
		check("ess_bulk", s.ESSBulk, r.ESSBulk)
		check("ess_tail", s.ESSTail, r.ESSTail)
		check("ess_mean", s.ESSMean, r.ESSMean)
		check("ess without split", ess(x), r.ESSBasicNosplit)
		check("ess_sd", s.ESSSD, r.ESSSD)
		check("mcse_mean", s.MCSEMean, r.MCSEMean)
		check("mcse_sd", s.MCSESD, r.MCSESD)
		check("q5", s.Q5, r.Quantile["0.05"])
		check("median", s.Median, r.Quantile["0.5"])
		check("q95", s.Q95, r.Quantile["0.95"])
		for name, p := range map[string]float64{"0.05": 0.05, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "0.95": 0.95} {
			check("quantile "+name, Quantile(x, p), r.Quantile[name])
			check("ess_quantile "+name, ESSQuantile(x, p), r.ESSQuantile[name])
			check("mcse_quantile "+name, MCSEQuantile(x, p), r.MCSEQuantile[name])
		}
		all := flatten(x)
		if r.TailRight != nil {
			check("pareto_k_right", TailK(all, true), *r.TailRight)
			check("pareto_k_left", TailK(all, false), *r.TailLeft)
		}
		if r.PSISK != nil {
			k, w := PSIS(all)
			check("psis_k", k, *r.PSISK)
			top, _ := maxAt(w)
			low := math.Inf(1)
			var m float64
			for i := range w {
				low = math.Min(low, w[i])
				m += math.Exp(w[i]) * all[i]
			}
			check("psis_n_eff", WeightESS(w), r.PSISESS)
			check("psis_max_log_weight", top, r.PSISMax)
			check("psis_min_log_weight", low, r.PSISMin)
			check("psis_mean_x", m, r.PSISMean)
		}
		if len(r.Autocovariance) > 0 {
			acov := newAutocovariance(len(x[0])).of(x[0], mean(x[0]))
			for lag, want := range r.Autocovariance {
				if !near(acov[lag]/acov[0], float64(want)/float64(r.Autocovariance[0]), 1e-8) {
					t.Errorf("%s: autocovariance at lag %d = %v, want %v", c.Name, lag, acov[lag], want)
				}
			}
		}
	}
	t.Logf("largest relative difference %.1e", worst)
}
