package learn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn/learntest"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/rng"
)

// plan is log-variance training of a short chain, in two phases, the second of which changes the state when it begins.
type plan struct{ spec func(d int) *chain.Spec }

func (plan) Name() string { return "toy" }

func (plan) Prepare(_ context.Context, p *learn.Problem, _ []smc.Level) (*learn.State, error) {
	return &learn.State{Frame: space.Scaled(make([]float64, p.Dim), p.Scale[0]), Facts: map[string][]float32{"rate": {1e-2}}}, nil
}

func (t plan) Build(p *learn.Problem, s *learn.State) (*learn.Program, error) {
	model, err := control.Build[float32](control.Shape{Dim: p.Dim, Gates: true, Std: true}, control.Arch{Kind: "mlp", Width: 8, Depth: 1}, control.Gates{Score: 0.1})
	if err != nil {
		return nil, err
	}
	sampler := &chain.Sampler[float32]{Spec: t.spec(p.Dim), Control: model, Inputs: control.Inputs{Shape: model.Net.Shape, Clip: 5}}
	w := nn.NewParams[float32](&model.Layout)
	w.Init(p.Stream("init"))
	pool, adam := p.Pool(), optim.New[float32](optim.Default, model.Layout.Size())
	target := space.On[float32](s.Frame, p.Target, pool.Workers(), learn.Lanes)
	b := chain.NewBatch(sampler, 128, learn.Lanes, 0, pool, target)
	coef := make([]float32, b.Paths)
	phase := func(name string, n, first int) learn.Phase {
		return learn.Phase{
			Name: name, Steps: n, Keeps: map[string][]float32{"m": adam.M, "v": adam.V, "mean": adam.Mean}, Counts: map[string]*int{"adam": &adam.Steps},
			Step: func(ctx context.Context, i int) (float64, error) {
				target.Use(ctx)
				if err := b.Simulate(w, p.Stream("paths"), uint32(first+i), 1); err != nil {
					return 0, err
				}
				loss, _ := chain.LogVariance(coef, b.LogW)
				norm := b.Back(w, func(int) []float32 { return coef })
				adam.Step(pool, w.Theta, b.Grad, norm, float64(s.Facts["rate"][0]))
				w.Refresh()
				return loss, nil
			},
		}
	}
	steps := p.Share(6, 6)
	second := phase("second", steps[1], steps[0])
	second.Start = func(context.Context) error { s.Facts["rate"] = []float32{3e-3}; return nil }
	return &learn.Program{
		Layout: &model.Layout, Params: w, Phases: []learn.Phase{phase("first", steps[0], 0), second},
		Average: func() []float32 { return adam.Mean },
		Serve: func(theta []float32) (learn.Path, error) {
			return learn.NewChainPath(sampler, theta, s.Frame, p.Target, 1)
		},
	}, nil
}

func brownian(d int) *chain.Spec { return chain.Brownian(d, chain.Refined(6), 1) }
func reversal(d int) *chain.Spec {
	return chain.Reversal(d, chain.Refined(6), chain.Noise{Start: 1.5, End: .2}, 1)
}

func learner(t *testing.T, spec func(int) *chain.Spec, workers int) *learn.Learner {
	return on(t, "gmm9", 3, spec, workers)
}

func on(t *testing.T, name string, scale float64, spec func(int) *chain.Spec, workers int) *learn.Learner {
	t.Helper()
	return learn.New(plan{spec}, learn.Problem{Target: learntest.Target(t, name, nil), Dim: 2, Workers: workers, Scale: []float64{scale}})
}

// TestResume: a training that stops after any step and goes on elsewhere, with other workers, ends in the same bytes with
// the same evaluations counted.
func TestResume(t *testing.T) {
	whole := learner(t, brownian, 1)
	done := learntest.Train(t, whole, smc.Training{})
	want := learntest.Artefact(t, whole)
	for stop := range 12 {
		var state []byte
		asked := 0
		first := learner(t, brownian, 2)
		part := learntest.Train(t, first, smc.Training{
			Ask:        func() (bool, bool) { asked++; return asked == stop+1, asked == stop+1 },
			Checkpoint: func(s []byte) error { state = bytes.Clone(s); return nil },
		})
		if !part.StoppedEarly || part.Steps != stop {
			t.Fatalf("asked to stop after %d steps it says %+v", stop, part)
		}
		second := learner(t, brownian, 3)
		rest := learntest.Train(t, second, smc.Training{Resume: state})
		if rest.Steps != 12 || rest.StoppedEarly {
			t.Errorf("resumed after %d steps it says %+v", stop, rest)
		}
		if !bytes.Equal(learntest.Artefact(t, second), want) {
			t.Errorf("resumed after %d steps it learns something else", stop)
		}
		// What was looked at to report and to judge the end comes on top; steps themselves are counted once.
		if rest.Used.Gradient != done.Used.Gradient {
			t.Errorf("resumed after %d steps it counts %+v, in one go %+v", stop, rest.Used, done.Used)
		}
	}
}

// TestCheckpointOfAnother: what is no checkpoint of this training is refused.
func TestCheckpointOfAnother(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": {}, "text": []byte("checkpoint of something else entirely")} {
		l := learner(t, brownian, 1)
		_, err := l.Train(context.Background(), &smc.Training{Resume: data})
		if err == nil || !strings.Contains(err.Error(), "checkpoint") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBudget: steps are shared by the phases, evaluations end the training.
func TestBudget(t *testing.T) {
	if done := learntest.Train(t, learner(t, brownian, 1), smc.Training{MaxSteps: 5}); done.Steps != 5 || done.StoppedEarly {
		t.Errorf("with 5 steps allowed it says %+v", done)
	}
	done := learntest.Train(t, learner(t, brownian, 1), smc.Training{MaxEvaluations: 4000})
	if !done.StoppedEarly || done.Steps == 0 || done.Steps >= 12 {
		t.Errorf("with 4000 evaluations allowed it says %+v", done)
	}
}

// TestArtefact: loaded elsewhere an artefact moves particles as its maker does; one of another method is refused.
func TestArtefact(t *testing.T) {
	maker := learner(t, brownian, 1)
	learntest.Train(t, maker, smc.Training{})
	files, err := maker.Save()
	if err != nil {
		t.Fatal(err)
	}
	other := learner(t, brownian, 2)
	if err := other.Load(files); err != nil {
		t.Fatal(err)
	}
	var ends [2][]float64
	for i, l := range []*learn.Learner{maker, other} {
		in, out := smc.NewParticles(70, 2, 0), smc.NewParticles(70, 2, 0)
		ratio, status := make([]float64, 70), make([]targets.Status, 70)
		if err := l.Segment(context.Background(), 1, in, out, ratio, status, rng.NewKey(2, "move", 0)); err != nil {
			t.Fatal(err)
		}
		ends[i] = append(out.X, ratio...)
	}
	for i, v := range ends[0] {
		if v != ends[1][i] {
			t.Fatalf("value %d is %v, and %v by the artefact", i, v, ends[1][i])
		}
	}
	if err := other.Load(files[1:]); err == nil {
		t.Error("an artefact without its model is taken")
	}
	files[0].Data = files[0].Data[:len(files[0].Data)/2]
	if err := other.Load(files); err == nil {
		t.Error("half a model is taken")
	}
}

// TestMeanWeight: with the reference that it brings, a transport that has hardly learned has mean weight Z, there and, from
// exact draws, back, in a frame that is not the target's: the frame's volume and the start that is forgotten count.
func TestMeanWeight(t *testing.T) {
	const n = 1 << 15
	for name, spec := range map[string]func(int) *chain.Spec{"pis": brownian, "dis": reversal} {
		l, target := on(t, "gaussian", 1.2, spec, 1), learntest.Target(t, "gaussian", nil)
		learntest.Train(t, l, smc.Training{})
		density := func(d targets.Density, x []float64) []float64 {
			b := targets.NewBatch(n, 2, targets.LogP)
			copy(b.X, x)
			if err := d.Eval(context.Background(), b); err != nil {
				t.Fatal(err)
			}
			return b.LogP
		}
		in, out := smc.NewParticles(n, 2, 0), smc.NewParticles(n, 2, 0)
		ratio, status := make([]float64, n), make([]targets.Status, n)
		if err := l.Reference().Sample(context.Background(), 0, n, rng.NewKey(3, "start", 0), in.X); err != nil {
			t.Fatal(err)
		}
		if err := l.Segment(context.Background(), 1, in, out, ratio, status, rng.NewKey(4, "move", 0)); err != nil {
			t.Fatal(err)
		}
		check := func(way string, sign float64, start, end []float64) {
			first, last := density(l.Reference(), start), density(target, end)
			mean, square := 0.0, 0.0
			for i, r := range ratio {
				w := math.Exp(sign * (last[i] - first[i] + r))
				mean += w / n
				square += w * w / n
			}
			z := (mean - 1) / math.Sqrt((square-mean*mean)/n)
			if math.Abs(z) > 4 { // false alarms: 6e-5 each
				t.Errorf("%s: the mean weight %s is %.4f, %.1f standard errors off", name, way, mean, z)
			}
		}
		check("there", 1, in.X, out.X)
		if err := target.(targets.Sampler).Sample(context.Background(), 0, n, rng.NewKey(5, "exact", 0), in.X); err != nil {
			t.Fatal(err)
		}
		if err := l.Backward(context.Background(), 1, in, out, ratio, status, rng.NewKey(6, "back", 0)); err != nil {
			t.Fatal(err)
		}
		check("back", -1, out.X, in.X)
	}
}

// TestEvaluationOutsideTheSupport: one path that ends where the target has no density leaves no bound, and JSON has no number
// for that.
func TestEvaluationOutsideTheSupport(t *testing.T) {
	text, err := json.Marshal(learn.Evaluation{N: 2, ESS: 0.5, LogZ: -0.25, LogZLower: math.Inf(-1)})
	if want := `{"n":2,"ess":0.5,"log_z":-0.25,"log_z_lower":null}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}
