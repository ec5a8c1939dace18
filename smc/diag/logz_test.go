package diag

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// moments is the mean of values with its standard error.
func moments(values []float64) (m, se float64) {
	return mean(values), math.Sqrt(variance(values) / float64(len(values)))
}

// TestPathAgainstOracle holds the closed form of the simulated path to the reference's 50 digits.
func TestPathAgainstOracle(t *testing.T) {
	var file struct {
		Cases []struct {
			M0, S0, M1, S1, Rho float64
			D                   int
			Betas               []float64
			RelativeVarianceOfW *float64 `json:"relative_variance_of_W"`
		}
	}
	load(t, "ais_gaussian.json.gz", &file)
	seen := 0
	for _, c := range file.Cases {
		if c.M0 != 0 || c.S0 != 1 || c.Rho != 0 || c.RelativeVarianceOfW == nil {
			continue
		}
		seen++
		p := gaussianPath{d: c.D, m: c.M1, s: c.S1, betas: c.Betas}
		var sum float64
		for k := range len(c.Betas) - 1 {
			sum += math.Log1p(p.relativeVariance(k))
		}
		if got := math.Expm1(sum); !near(got, *c.RelativeVarianceOfW, 1e-10) {
			t.Errorf("m = %v, s = %v, %d steps: relative variance %v, want %v", c.M1, c.S1, len(c.Betas)-1, got, *c.RelativeVarianceOfW)
		}
	}
	if seen < 4 {
		t.Fatalf("only %d cases used", seen)
	}
}

// TestGenealogicalVarianceAgainstExact compares the mean of the estimated variance with the exact one where that is
// known: exact draws at every temperature, resampled never (Π(1 + c_k) − 1 over N, with c_k the relative variance of
// the step's weights) or at every step (Π(1 + c_k/N) − 1), whatever the resampler.
//
// False alarm: five standard errors, 6e-7 a line. The twins that must be caught book the wrong loss of pairs.
func TestGenealogicalVarianceAgainstExact(t *testing.T) {
	p := gaussianPath{d: 1, m: 2, s: 0.5, betas: ladder(16)}
	const n = 100
	runs := 4000
	if testing.Short() {
		runs = 1000
	}
	none := func([]float64, []int32) float64 { return 0 }
	for _, c := range []struct {
		name string
		how  scheme
		ok   bool
	}{
		{"no resampling", scheme{threshold: 0}, true},
		{"multinomial", scheme{2, false, trueLoss(false)}, true},
		{"systematic", scheme{2, true, trueLoss(true)}, true},
		{"multinomial, no loss booked", scheme{2, false, none}, false},
		{"systematic, no loss booked", scheme{2, true, none}, false},
		{"systematic, multinomial loss booked", scheme{2, true, trueLoss(false)}, false},
	} {
		var each, all float64
		for k := range len(p.betas) - 1 {
			each += math.Log1p(p.relativeVariance(k) / n)
			all += math.Log1p(p.relativeVariance(k))
		}
		want := math.Expm1(each)
		if c.how.threshold == 0 {
			want = math.Expm1(all) / n
		}
		estimates, squares := make([]float64, runs), make([]float64, runs)
		for r := range runs {
			is := p.simulate(n, 0, c.how, rng.NewKey(uint64(r), c.name, 0))
			v, _ := is.RelativeVariance()
			z := math.Exp(is.LogZ)
			estimates[r] = z * z * v
			squares[r] = (z - 1) * (z - 1)
		}
		if c.ok {
			if m, se := moments(squares); math.Abs(m-want) > 5*se {
				t.Fatalf("%s: the simulation is wrong: variance of Z %v ± %v, exact %v", c.name, m, se, want)
			}
		}
		m, se := moments(estimates)
		t.Logf("%-36s mean estimate %.5f ± %.5f, exact %.5f", c.name, m, se, want)
		if fine := math.Abs(m-want) <= 5*se; fine != c.ok {
			t.Errorf("%s: mean estimate %v ± %v against exact %v; want it to agree: %v", c.name, m, se, want, c.ok)
		}
	}
}

// TestHeadlineIntervalCovers runs four islands many times with slow moves and checks that the headline's 90 % interval
// covers the exact log Z as often as it says. False alarm: five binomial standard deviations either way, 6e-7. The twin
// books multinomial losses for systematic resampling; its intervals are too short.
func TestHeadlineIntervalCovers(t *testing.T) {
	p := gaussianPath{d: 4, m: 1, s: 0.3, betas: ladder(16)}
	const n, islands = 200, 4
	runs := 400
	if testing.Short() {
		runs = 100
	}
	coverage := func(how scheme) (covered float64, methods map[string]int) {
		methods = map[string]int{}
		for r := range runs {
			run := make([]Island, islands)
			logZ, sizes := make([]float64, islands), make([]int, islands)
			for m := range run {
				run[m] = p.simulate(n, 0.6, how, rng.NewKey(uint64(r), "cover", m))
				logZ[m], sizes[m] = run[m].LogZ, n
			}
			h := Headline(LogZErrors(run))
			methods[h.Method]++
			if low, high := Interval(CombineLogZ(logZ, sizes), h.Value, h.DF, 0.9); low <= 0 && 0 <= high {
				covered++
			}
		}
		return covered / float64(runs), methods
	}
	slack := 5 * math.Sqrt(0.9*0.1/float64(runs))
	for _, how := range []scheme{{0.5, true, trueLoss(true)}, {0.5, false, trueLoss(false)}, {2, true, trueLoss(true)}} {
		got, methods := coverage(how)
		t.Logf("threshold %v, systematic %v: %.1f %% covered, headlines %v", how.threshold, how.systematic, 100*got, methods)
		if math.Abs(got-0.9) > slack {
			t.Errorf("threshold %v, systematic %v: 90 %% intervals cover %.3f, want 0.9 ± %.3f", how.threshold, how.systematic, got, slack)
		}
		if methods[MethodGenealogical] < runs*9/10 {
			t.Errorf("threshold %v, systematic %v: headlines %v; want the genealogical one nearly always", how.threshold, how.systematic, methods)
		}
	}
	got, methods := coverage(scheme{2, true, trueLoss(false)})
	t.Logf("twin: %.1f %% covered, headlines %v", 100*got, methods)
	if methods[MethodGenealogical] > runs/10 {
		t.Errorf("the twin's genealogical estimate was trusted: %v", methods)
	}
}

func TestCombineLogZ(t *testing.T) {
	got := CombineLogZ([]float64{math.Log(1), math.Log(5), math.Inf(-1)}, []int{100, 200, 100})
	if want := math.Log(0.25*1 + 0.5*5); !near(got, want, 1e-15) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestImportanceSampling compares the estimate from weights with the textbook formula 1/ESS − 1/N.
func TestImportanceSampling(t *testing.T) {
	const n = 2000
	p := gaussianPath{d: 1, m: 0.5, s: 0.9, betas: ladder(1)}
	is := p.simulate(n, 0, scheme{}, rng.NewKey(3, "is", 0))
	e := Genealogical([]Island{is})
	want := math.Sqrt(1/WeightESS(is.LogW) - 1.0/n)
	if e.Method != MethodImportance || !e.Trusted || math.Abs(e.Value/want-1) > 1e-3 {
		t.Errorf("%+v, want a trusted %v", e, want)
	}
	// A proposal narrower than the target: the weights have infinite variance, and k says so.
	p = gaussianPath{d: 2, m: 0, s: 3, betas: ladder(1)}
	is = p.simulate(n, 0, scheme{}, rng.NewKey(3, "is", 0))
	if e := Genealogical([]Island{is}); e.Trusted {
		t.Errorf("trusted although the weights have infinite variance: %+v", e)
	}
}

func TestLogZErrorEdges(t *testing.T) {
	equal := Island{LogZ: -3, LogW: []float64{-3, -3, -3, -3, -3}, Lineage: []int32{0, 1, 2, 3, 4}}
	if e := Genealogical([]Island{equal, equal}); e.Value != 0 || !e.Trusted {
		t.Errorf("equal weights: %+v", e)
	}
	inf := math.Inf(-1)
	dead := Island{LogZ: inf, LogW: []float64{inf, inf}, Lineage: []int32{0, 1}}
	if e := Genealogical([]Island{dead}); e.Trusted || !math.IsNaN(e.Value) {
		t.Errorf("dead island: %+v", e)
	}
	if e := Genealogical([]Island{dead, equal}); math.IsNaN(e.Value) {
		t.Errorf("a dead island beside a living one: %+v", e)
	}
	last := Island{LogZ: 0, LogW: []float64{0, -1, -2}, Lineage: []int32{7, 7, 7}, Resamplings: 40, PairLoss: -5}
	if e := Genealogical([]Island{last}); e.Trusted {
		t.Errorf("one ancestor left: %+v", e)
	}
	if alive, effective := last.Ancestors(); alive != 1 || !near(effective, 1, 1e-12) {
		t.Errorf("one ancestor left: alive %d, effective %v", alive, effective)
	}
	if e := AcrossIslands([]float64{1}, []int{10}); !math.IsNaN(e.Value) || e.Trusted {
		t.Errorf("one island: %+v", e)
	}
	if e := AcrossIslands([]float64{1, 2}, []int{10, 10}); !near(e.Value, 0.5, 1e-15) || e.Trusted || e.DF != 1 {
		t.Errorf("two islands: %+v", e)
	}
	if e := AcrossIslands([]float64{1, 2, inf, 1}, []int{1, 1, 1, 1}); !math.IsNaN(e.Value) || e.Trusted {
		t.Errorf("a dead island: %+v", e)
	}
}

func TestHeadlineRule(t *testing.T) {
	within := LogZError{MethodGenealogical, 0.1, true, "", 200}
	across := LogZError{MethodIslands, 0.15, true, "", 3}
	far := LogZError{MethodIslands, 2, true, "", 3}
	few := LogZError{MethodIslands, 0.3, false, "", 1}
	weak := LogZError{MethodGenealogical, 0.1, false, "", 4}
	heavy := LogZError{MethodImportance, 0.2, false, "", 30}
	for _, c := range []struct {
		name    string
		in      []LogZError
		method  string
		value   float64
		trusted bool
		speaks  bool
	}{
		{"agree", []LogZError{within, across}, MethodGenealogical, 0.1, true, false},
		{"islands have seen other modes", []LogZError{within, far}, MethodIslands, 2, true, true},
		{"ancestors died out", []LogZError{weak, across}, MethodIslands, 0.15, true, false},
		{"heavy tails", []LogZError{heavy, far}, MethodIslands, 2, true, true},
		{"heavy tails, islands that agree by luck", []LogZError{heavy, across}, MethodImportance, 0.2, false, false},
		{"nothing to trust", []LogZError{weak, few}, MethodIslands, 0.3, false, false},
		{"one island", []LogZError{within, AcrossIslands([]float64{1}, []int{5})}, MethodGenealogical, 0.1, true, false},
	} {
		h := Headline(c.in)
		if h.Method != c.method || h.Value != c.value || h.Trusted != c.trusted {
			t.Errorf("%s: headline %+v", c.name, h)
		}
		if said := Disagreement(c.in); (said != "") != c.speaks {
			t.Errorf("%s: said %q", c.name, said)
		}
	}
	if h := Headline(nil); h.Trusted || !math.IsNaN(h.Value) {
		t.Errorf("no estimates: %+v", h)
	}
}

func TestInterval(t *testing.T) {
	low, high := Interval(10, 0.2, math.Inf(1), 0.9)
	if !near(low, 10.02-0.2*1.6448536269514722, 1e-12) || !near(high, 10.02+0.2*1.6448536269514722, 1e-12) {
		t.Errorf("normal: %v, %v", low, high)
	}
	low, high = Interval(10, 0.2, 3, 0.9)
	if !near(high-low, 0.4*2.3533634348018264, 1e-10) {
		t.Errorf("Student: %v, %v", low, high)
	}
	if low, high = Interval(10, 0.2, 1e5, 0.9); !near(high-low, 0.4*1.644869, 1e-6) {
		t.Errorf("many degrees of freedom: %v, %v", low, high)
	}
	if low, high = Interval(10, 0.2, 1e15, 0.9); !near(high-low, 0.4*1.644854, 1e-6) {
		t.Errorf("very many degrees of freedom: %v, %v", low, high)
	}
}
