package validate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/host/record"
)

// study is one target, run with seeds 1 … runs.
type study struct {
	name     string
	file     string // run file
	runs     int
	rmse     float64 // bound on the root mean square error of log Z; 0: none
	coverage bool    // hold the headline 90 % interval to 84–96 %
	sameAs   string  // log Z must not differ from that of this study
}

const maxRMSE = 0.1

var studies = []study{
	{name: "Gaussian, d = 50", file: "gaussian.toml", runs: 20, rmse: maxRMSE},
	{name: "Gaussian, d = 50, reference widened", file: "gaussian-wide.toml", runs: 20, rmse: maxRMSE, sameAs: "Gaussian, d = 50"},
	{name: "many-well, d = 5, δ = 4", file: "many-well.toml", runs: 20, rmse: maxRMSE},
	{name: "many-well, d = 5, δ = 4, reference widened", file: "many-well-wide.toml", runs: 20, rmse: maxRMSE, sameAs: "many-well, d = 5, δ = 4"},
	{name: "9-mode mixture", file: "mixture.toml", runs: 20, rmse: maxRMSE},
	{name: "9-mode mixture, reference widened", file: "mixture-wide.toml", runs: 20, rmse: maxRMSE, sameAs: "9-mode mixture"},
	{name: "conjugate regression", file: "regression.toml", runs: 200, rmse: maxRMSE, coverage: true},
	{name: "conjugate regression, reference widened", file: "regression-wide.toml", runs: 20, rmse: maxRMSE, sameAs: "conjugate regression"},
	{name: "state space", file: "state-space.toml", runs: 200, rmse: maxRMSE, coverage: true},
	{name: "Sonar", file: "sonar.toml", runs: 20, rmse: maxRMSE},
}

// outcome is what one run said.
type outcome struct {
	*record.Summary
	deviation float64 // of log Z from the known value
	err       error
}

// TestValidate runs only where SAMPAN_VALIDATE names the page to write; it takes the better part of an hour.
func TestValidate(t *testing.T) {
	page := os.Getenv("SAMPAN_VALIDATE")
	if page == "" {
		t.Skip("set SAMPAN_VALIDATE to the page to write, as `make validate` does")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(root, "build", "sampan")
	var rows []string
	means := map[string][2]float64{} // mean of log Z and its standard error
	for _, s := range studies {
		began := time.Now()
		outcomes := runAll(t, binary, s)
		row, faults := s.judge(outcomes, means)
		for _, f := range faults {
			t.Errorf("%s: %s", s.name, f)
		}
		rows = append(rows, fmt.Sprintf("%s | %.1f |", row, time.Since(began).Minutes()))
		t.Log(rows[len(rows)-1])
	}
	if !filepath.IsAbs(page) {
		page = filepath.Join(root, page)
	}
	if err := os.WriteFile(page, []byte(header+strings.Join(rows, "\n")+footer), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runAll runs the study's seeds, as many at a time as there are processors, each on one worker.
func runAll(t *testing.T, binary string, s study) []outcome {
	t.Helper()
	folder := t.TempDir()
	outcomes := make([]outcome, s.runs)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range outcomes {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			seed := strconv.Itoa(i + 1)
			out := filepath.Join(folder, seed)
			cmd := exec.Command(binary, "run", filepath.Join("testdata", s.file), "--seed", seed, "--out", out, "--workers", "1", "--json")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			text, err := cmd.Output()
			o := outcome{Summary: &record.Summary{}, err: err}
			if err != nil {
				o.err = fmt.Errorf("seed %s: %w\n%s", seed, err, stderr.Bytes())
			} else if err := json.Unmarshal(text, o.Summary); err != nil {
				o.err = fmt.Errorf("seed %s: %w", seed, err)
			} else if o.Error == nil {
				o.err = fmt.Errorf("seed %s: the summary compares log Z with no known value", seed)
			} else {
				o.deviation = float64(o.Error.LogZ)
			}
			outcomes[i] = o
			os.RemoveAll(out)
		})
	}
	wait.Wait()
	return outcomes
}

// judge sums up a study as a row of the page, and says what falls short.
func (s study) judge(outcomes []outcome, means map[string][2]float64) (row string, faults []string) {
	n := float64(len(outcomes))
	var sum, square, quoted, worst float64
	covered := 0
	for _, o := range outcomes {
		if o.err != nil {
			return fmt.Sprintf("| %s | failed | | | | |", s.name), []string{o.err.Error()}
		}
		sum += o.deviation
		square += o.deviation * o.deviation
		quoted += float64(o.LogZSE) * float64(o.LogZSE)
		worst = math.Max(worst, math.Abs(float64(o.Error.LogZDeviation)))
		if in := o.LogZInterval; in != nil {
			truth := float64(o.Error.LogZKnown)
			if float64(in.Low) <= truth && truth <= float64(in.High) {
				covered++
			}
		}
	}
	mean, rmse := sum/n, math.Sqrt(square/n)
	se := math.Sqrt(math.Max(square/n-mean*mean, 0) / (n - 1))
	means[s.name] = [2]float64{mean, se}
	coverage := float64(covered) / n
	if s.rmse > 0 && rmse > s.rmse {
		faults = append(faults, fmt.Sprintf("root mean square error of log Z %.3f, bound %.3f", rmse, s.rmse))
	}
	if s.coverage && (coverage < 0.84 || coverage > 0.96) {
		faults = append(faults, fmt.Sprintf("the 90 %% interval covers in %.1f %% of runs, bounds 84 and 96", 100*coverage))
	}
	if s.sameAs != "" {
		other := means[s.sameAs]
		// Two-sided 4.5 sigma: a false alarm in 7e-6 of such comparisons.
		if d, e := mean-other[0], math.Hypot(se, other[1]); math.Abs(d) > 4.5*e {
			faults = append(faults, fmt.Sprintf("log Z moved by %.4f ± %.4f from %s", d, e, s.sameAs))
		}
	}
	return fmt.Sprintf("| %s | %d | %+.4f ± %.4f | %.4f | %.4f | %.1f %% | %.2f",
		s.name, len(outcomes), mean, se, rmse, math.Sqrt(quoted/n), 100*coverage, worst), faults
}

const header = `# log Z against known values

Made by ` + "`make validate`" + `: the built binary, run files in host/validate/testdata, seeds 1 to the number of runs, one worker a run.
Known values are exact or by quadrature, but for Sonar, whose reference (bridge sampling) has a standard error of 0.008.

| target | runs | mean error of log Z | root mean square error | quoted standard error (rms) | 90 % interval covers | largest error in standard errors | minutes |
| --- | --- | --- | --- | --- | --- | --- | --- |
`

const footer = `

Bounds: root mean square error 0.1 everywhere; coverage 84 to 96 % where there are 200 runs (20 runs say little of coverage);
a widened reference must not move log Z by more than 4.5 standard errors of the difference.
`
