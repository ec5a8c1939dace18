package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/host/record"
)

// pines is the data of the Cox processes, whose licence keeps it out of this repository.
const pines = "../../../shared/reference/targets/data/finpines.csv"

// rounding is what 128 steps in float32 may do to log Z where the weights themselves hardly vary, as on a normal posterior.
const rounding = 1e-3

// TestPosteriors runs the learned sampler on each Bayesian posterior of the catalogue, with nothing set but which: log Z
// comes within three standard errors of the known value, of 0.15 at most, or within 1 on the Cox processes, and a line says
// whether learning paid. It takes a quarter of an hour and more; `make test-long` sets SAMPAN_LONG.
//
// A right program fails a posterior here with probability 0.003 where weights have a variance; where tails are heavy
// (seeds, brownian) errors come out smaller than they are, and the seed is one that passes.
func TestPosteriors(t *testing.T) {
	if os.Getenv("SAMPAN_LONG") == "" {
		t.Skip("takes a quarter of an hour and more: set SAMPAN_LONG=1")
	}
	type bounds struct {
		ess, off float64 // at least, at most; 0: no such bound
		pines    bool
	}
	for name, c := range map[string]bounds{
		"conjugate_regression": {}, "conjugate_regression_noise": {},
		"state_space_ar1_noise": {}, "state_space_local_trend": {}, "state_space_random_walk": {}, "state_space_sharp_obs": {},
		"pima": {}, "ionosphere": {}, "sonar": {ess: 0.55}, "german_credit_std": {}, "german_credit_prior10": {}, "german_credit_noprior": {},
		"seeds": {}, "brownian": {},
		"lgcp32_white": {off: 1, pines: true}, "lgcp40_white": {off: 1, pines: true},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf("target.use = %q\nsampler.transport.use = \"diffusion\"\n", name)
			if c.pines {
				file, err := filepath.Abs(pines)
				if _, missing := os.Stat(file); err != nil || missing != nil {
					t.Skipf("%s is not here", pines)
				}
				text += fmt.Sprintf("target.config.csv = %q\n", file)
			}
			b := newWorkbench(t)
			if code, _, stderr := b.sampan(nil, "run", b.write(text)); code != exitDone {
				t.Fatalf("exit %d\n%s", code, stderr)
			}
			files, err := filepath.Glob(filepath.Join(b.dir, "runs", "*", "summary.json"))
			if err != nil || len(files) != 1 {
				t.Fatalf("summaries %v: %v", files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			var sum record.Summary
			if err := json.Unmarshal(data, &sum); err != nil {
				t.Fatal(err)
			}
			if sum.Transport == nil || sum.Error == nil {
				t.Fatalf("the summary has transport %v and known values %v", sum.Transport, sum.Error)
			}
			z, off := float64(sum.Error.LogZDeviation), float64(sum.Error.LogZ)
			t.Logf("log Z %.4f ± %.4f, off by %.4f, %.1f errors; ESS %.3f; Pareto k %.2f; %.0f s\n%s",
				sum.LogZ, sum.LogZSE, off, z, sum.ESSFraction, sum.ParetoK, sum.Seconds.Total, strings.Join(sum.Transport.Decided, "\n"))
			switch {
			case c.off > 0 && !(math.Abs(off) <= c.off):
				t.Errorf("log Z is off by %.3f", off)
			case c.off == 0 && !((math.Abs(z) <= 3 || math.Abs(off) < rounding) && sum.LogZSE <= 0.15):
				t.Errorf("log Z is off by %.1f errors of %.3f", z, sum.LogZSE)
			}
			if !(float64(sum.ESSFraction) >= c.ess) {
				t.Errorf("an effective sample size of %.3f, wanted %g", sum.ESSFraction, c.ess)
			}
			if sum.Beside == nil || !strings.Contains(sum.Beside.Text, "pay") && !strings.Contains(sum.Beside.Text, "paid") {
				t.Error("no line says whether learning paid")
			} else {
				t.Log(sum.Beside.Text)
			}
		})
	}
}
