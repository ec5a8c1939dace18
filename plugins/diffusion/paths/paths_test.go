package paths

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// normal is N(0.8, 0.7²) in two independent coordinates: what all samplers can learn in no time.
func normal(t *testing.T) targets.Density {
	t.Helper()
	d, err := targets.New("gaussian", map[string]any{"dim": int64(2), "mean": []any{0.8, 0.8}, "sd": []any{0.7, 0.7}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// small is a training that takes no time.
func small(o Options) Options {
	o.Steps, o.Batch, o.Width = 16, 128, 16
	number(&o.TrainSteps, 150)
	number(&o.MatchSteps, 200)
	if o.Net == "" {
		o.Net = "mlp"
	}
	number(&o.Rate, 1e-2)
	return o
}

func learner(t *testing.T, o Options, workers int) *learn.Learner {
	t.Helper()
	plan, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return learn.New(plan, learn.Problem{Target: normal(t), Dim: 2, Workers: workers, Mean: []float64{0}, Scale: []float64{1}})
}

// level is exact draws of the target, for a pilot.
func level(t *testing.T) []smc.Level {
	t.Helper()
	const n = 2000
	l := smc.Level{Beta: 1, N: n, D: 2, X: make([]float64, 2*n)}
	rng.NewKey(9, "pilot", 0).Normals(l.X, 0, 0, 0)
	for i := range l.X {
		l.X[i] = .8 + .7*l.X[i]
	}
	return []smc.Level{l}
}

func artefact(t *testing.T, l *learn.Learner) (files []byte, e learn.Evaluation) {
	t.Helper()
	saved, err := l.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range saved {
		files = append(files, f.Data...)
		if strings.HasSuffix(f.Name, ".json") {
			if err := json.Unmarshal(f.Data, &e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files, e
}

func label(o Options) string {
	return strings.Trim(fmt.Sprint(o.Method, " ", o.Loss, " ", o.Start, " ", o.Form, o.Drift, o.Std, o.Noise, o.Net), " ")
}

// trained are samplers and losses with the effective sample size that a short training reaches.
var trained = []struct {
	Options
	ess float64
}{
	{Options{Method: "pis"}, .92},
	{Options{Method: "pis", Std: Learned}, .92},
	{Options{Method: "pis", Loss: VarGrad}, .92},
	{Options{Method: "pis", Loss: TrajectoryBalance}, .92},
	{Options{Method: "pis", Loss: BSDE, Explore: 1.3}, .92},
	{Options{Method: "pis", Loss: KL}, .92},
	{Options{Method: "pis", Loss: KL, Detach: true}, .9},
	{Options{Method: "pis", Loss: LogDerivative}, .92},
	{Options{Method: "pis", Loss: AdjointSampling, TrainSteps: 300}, .85},
	{Options{Method: "pis", Start: Pilot, TrainSteps: 20}, .92},
	{Options{Method: "pis", Net: "potential"}, .92},
	{Options{Method: "dis", Net: "ridge+mlp", TrainSteps: 40}, .85},
	{Options{Method: "dds"}, .9},
	{Options{Method: "dds", Grid: "geometric"}, .9},
	{Options{Method: "pis", Noise: "cosine"}, .92},
	{Options{Method: "dis"}, .9},
	{Options{Method: "dis", Form: Continuous}, .18},
	{Options{Method: "dis", Loss: KL}, .9},
	{Options{Method: "dis", Start: Pilot, Frame: Reference, TrainSteps: 20}, .87},
	{Options{Method: "bridge"}, .9},
	{Options{Method: "bridge", Loss: LogDerivative, Start: Pilot, TrainSteps: 20}, .9},
	{Options{Method: "bridge", Drift: Score}, .9},
	{Options{Method: "bridge", Drift: None, Noise: "constant"}, .9},
	{Options{Method: "cmcd"}, .92},
	{Options{Method: "cmcd", Start: Pilot}, .92},
	{Options{Method: "cmcd", Start: Pilot, Home: .5}, .92},
	{Options{Method: "cmcd", Start: Pilot, LearnSchedule: true, LearnSizes: true}, .92},
	{Options{Method: "cmcd", Loss: SubTB}, .92},
	{Options{Method: "cmcd", Loss: KL, LearnSchedule: true, LearnSizes: true, LearnPrior: true}, .92},
	{Options{Method: "mcd", LearnSizes: true}, .5},
	{Options{Method: "ula", Loss: LogVariance, LearnSchedule: true, LearnSizes: true, LearnPrior: true, Noise: "linear"}, .8},
}

// TestTraining: every sampler and loss gets to a good effective sample size, and to the right log Z: that of the continuous
// form but for its bias.
func TestTraining(t *testing.T) {
	for _, c := range trained {
		t.Run(label(c.Options), func(t *testing.T) {
			l := learner(t, small(c.Options), 2)
			order := smc.Training{Key: rng.NewKey(1, "train", 0)}
			if c.Start == Pilot {
				order.Pilot = level(t)
			}
			if _, err := l.Train(context.Background(), &order); err != nil {
				t.Fatal(err)
			}
			_, e := artefact(t, l)
			if e.ESS < c.ess {
				t.Errorf("effective sample size %.3f, wanted %.2f", e.ESS, c.ess)
			}
			tolerance := 5 * math.Sqrt((1/e.ESS-1)/float64(e.N)) // false alarms: 6e-7 each
			if c.Form == Continuous {
				tolerance = .5
			}
			if math.Abs(e.LogZ) > tolerance+1e-4 {
				t.Errorf("log Z %.4f, wanted 0 within %.4f", e.LogZ, tolerance)
			}
		})
	}
}

// TestResume: stopped after any step and taken up elsewhere, with other workers, a training ends in the same bytes, with
// all that its loss has learned beside.
func TestResume(t *testing.T) {
	for _, o := range []Options{
		{Method: "pis", Loss: TrajectoryBalance},
		{Method: "cmcd", Loss: SubTB, LearnSizes: true},
		{Method: "pis", Loss: AdjointSampling, TrainSteps: 70},
		{Method: "bridge", Start: Pilot, MatchSteps: 4, Explore: 1.2},
	} {
		t.Run(label(o), func(t *testing.T) {
			number(&o.TrainSteps, 8)
			o = small(o)
			order := smc.Training{Key: rng.NewKey(1, "train", 0)}
			if o.Start == Pilot {
				order.Pilot = level(t)
			}
			whole := learner(t, o, 1)
			if _, err := whole.Train(context.Background(), &order); err != nil {
				t.Fatal(err)
			}
			want, _ := artefact(t, whole)
			for _, stop := range []int{1, 5, o.TrainSteps - 1} {
				var state []byte
				asked := 0
				first := order
				first.Ask = func() (bool, bool) { asked++; return asked == stop+1, asked == stop+1 }
				first.Checkpoint = func(s []byte) error { state = bytes.Clone(s); return nil }
				if _, err := learner(t, o, 2).Train(context.Background(), &first); err != nil {
					t.Fatal(err)
				}
				second := order
				second.Pilot, second.Resume = nil, state
				again := learner(t, o, 3)
				if _, err := again.Train(context.Background(), &second); err != nil {
					t.Fatal(err)
				}
				if got, _ := artefact(t, again); !bytes.Equal(got, want) {
					t.Errorf("stopped after %d steps and resumed, the artefact is another", stop)
				}
			}
		})
	}
}

// TestExplore: the noise of the paths falls in a straight line to their own by the middle of the training, be it cut short by
// a budget.
func TestExplore(t *testing.T) {
	for _, steps := range []int{100, 40} {
		tr := &training{plan: &Plan{Options: Options{Explore: 3}}, steps: steps}
		for i, want := range map[int]float64{0: 3, steps / 4: 2, steps / 2: 1, steps - 1: 1} {
			if got := tr.noise(i); math.Abs(got-want) > 1e-12 {
				t.Errorf("of %d steps, at %d: noise times %v, wanted %v", steps, i, got, want)
			}
		}
	}
}

// TestPairs: ∂L/∂q of sub-trajectory balance against differences.
func TestPairs(t *testing.T) {
	p, err := New(Options{Method: "cmcd", Loss: SubTB, Steps: 7})
	if err != nil {
		t.Fatal(err)
	}
	o := newSubTrajectories(p.Spec(1), 4, .7)
	q := []float64{.3, -1, 2, .4, 1.1}
	copy(o.q, q)
	o.pairs()
	got := append([]float64(nil), o.dq...)
	weights := 0.0
	for d, w := range o.weight {
		weights += w * float64(4-d)
	}
	if math.Abs(weights-1) > 1e-12 {
		t.Errorf("weights add up to %v", weights)
	}
	for m := range q {
		at := func(e float64) float64 {
			copy(o.q, q)
			o.q[m] += e
			return o.pairs()
		}
		if want := (at(1e-4) - at(-1e-4)) / 2e-4; math.Abs(got[m]-want) > 1e-8 {
			t.Errorf("∂L/∂q_%d is %v, wanted %v", m, got[m], want)
		}
	}
}

// TestOptions: what does not go together is refused, and told.
func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"method: found \"x\"":        {Method: "x"},
		"loss: found \"y\"":          {Method: "pis", Loss: "y"},
		"form: found \"continuous\"": {Method: "pis", Form: Continuous},
		"std: found \"learned\"":     {Method: "dis", Form: Continuous, Std: Learned},
		"loss: found \"sub-tb\"":     {Method: "pis", Loss: SubTB},
		"prior to learn, which":      {Method: "cmcd", Loss: SubTB, LearnPrior: true},
		"learn_sizes: found true":    {Method: "dis", LearnSizes: true},
		"without temperatures":       {Method: "bridge", Drift: None, LearnSchedule: true},
		"\"adjoint-sampling\" for":   {Method: "dis", Loss: AdjointSampling},
		"ula with nothing to learn":  {Method: "ula"},
		"a multiple of 64":           {Method: "pis", Batch: 100},
		"home: found 0.5":            {Method: "pis", Home: .5},
		"explore: found 2":           {Method: "pis", Loss: LogDerivative, Explore: 2},
		"explore: found 0.9":         {Method: "pis", Explore: .9},
		"grid: found \"z\"":          {Method: "pis", Grid: "z"},
		"frame: found \"crooked\"":   {Method: "pis", Frame: "crooked"},
		"noise: found \"whimsical\"": {Method: "pis", Noise: "whimsical"},
		"the noise that is left":     {Method: "dis", Noise: "cosine", Grid: "geometric"},
		"not the sampler's own":      {Method: "cmcd", Start: Pilot, LearnSizes: true, Home: .5},
		"steps: found -1":            {Method: "pis", Steps: -1, TrainSteps: 1},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, wanted one with %q", o, err, want)
		}
	}
}
