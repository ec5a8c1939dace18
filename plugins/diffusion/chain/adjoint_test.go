package chain

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/control"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
)

// trial is a chain with a control that is drawn, and everything free that can be.
func trial(t *testing.T, name string, std bool) (*Batch[float64], *nn.Params[float64]) {
	t.Helper()
	return trialOf(t, name, "mlp", std)
}

func trialOf(t *testing.T, name, kind string, std bool) (*Batch[float64], *nn.Params[float64]) {
	t.Helper()
	spec := specs(2)[name]
	s := shape(spec, std)
	c, err := control.Build[float64](s, control.Arch{Kind: kind, Width: 6, Depth: 2, Small: 5, Act: nn.Tanh}, control.Gates{Score: 0.3, State: -0.2})
	if err != nil {
		t.Fatal(err)
	}
	sampler := &Sampler[float64]{Spec: spec, Control: c, Inputs: control.Inputs{Shape: c.Net.Shape, Bend: []float64{1, 2}}}
	if std {
		sampler.Inputs.Clip = .01 // of every score: differences across the bend would be none
	}
	if spec.Back != Fixed || spec.Betas != nil {
		sampler.Free = NewFree(&c.Layout, spec, spec.Betas != nil, true, true)
	}
	w := nn.NewParams[float64](&c.Layout)
	z := make([]float64, len(w.Theta))
	rng.NewKey(3, "control", 0).Normals(z, 0, 0, 0)
	for _, tensor := range w.Tensors {
		for i := tensor.Off; i < tensor.Off+tensor.Size(); i++ {
			w.Theta[i] = .2 * z[i]
		}
	}
	w.Refresh()
	return NewBatch(sampler, 64, 64, 1<<20, par.NewPool(1), Target[float64](wavy[float64]{})), w
}

// slope compares the gradient in b, of a loss of the parameters, with differences along it, tensor by tensor.
func slope(t *testing.T, b *Batch[float64], w *nn.Params[float64], loss func(w *nn.Params[float64]) float64) {
	t.Helper()
	g := slices.Clone(b.Grad)
	const eps = 2e-4
	for _, tensor := range w.Tensors {
		part := g[tensor.Off : tensor.Off+tensor.Size()]
		norm := math.Sqrt(vec.Dot(part, part))
		if constant := strings.HasPrefix(tensor.Name, "potential") && tensor.Size() == 1; norm == 0 || constant {
			if !constant || norm > 0 { // that of a potential is of no consequence
				t.Errorf("%s: gradient of norm %g", tensor.Name, norm)
			}
			continue
		}
		at := func(e float64) float64 {
			moved := nn.NewParams[float64](w.Layout)
			copy(moved.Theta, w.Theta)
			vec.Axpy(moved.Of(tensor), e/norm, part)
			moved.Refresh()
			return loss(moved)
		}
		got := (45*(at(eps)-at(-eps)) - 9*(at(2*eps)-at(-2*eps)) + (at(3*eps) - at(-3*eps))) / (60 * eps)
		if !(math.Abs(got-norm) < 1e-7*(1+norm)) {
			t.Errorf("%s: slope %.12g, wanted %.12g", tensor.Name, got, norm)
		}
	}
}

func names() []string {
	return []string{"pis", "dis", "dis-euler", "dds", "ula", "mcd", "cmcd", "bridge", "continuous"}
}

// TestTilt: the gradient through the simulation, of the mean log weight, agrees with differences of simulations with the
// same noise, for all parameters.
func TestTilt(t *testing.T) {
	for _, name := range names() {
		for _, std := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b, w := trial(t, name, std)
				checkTilt(t, b, w)
			})
		}
	}
}

// TestTiltOfNets: likewise whatever the net is made of.
func TestTiltOfNets(t *testing.T) {
	for _, kind := range control.Kinds {
		t.Run(kind, func(t *testing.T) {
			b, w := trialOf(t, "mcd", kind, true)
			checkTilt(t, b, w)
		})
	}
}

func checkTilt(t *testing.T, b *Batch[float64], w *nn.Params[float64]) {
	t.Helper()
	simulate(t, b, w, 1)
	coef := make([]float64, b.Paths)
	KL(coef, b.LogW)
	b.Tilt(w, coef, false)
	slope(t, b, w, func(w *nn.Params[float64]) float64 {
		simulate(t, b, w, 1)
		return -mean1(b.LogW)
	})
}

// TestBackOfEverything: that of a loss of given paths, likewise.
func TestBackOfEverything(t *testing.T) {
	for _, name := range names() {
		for _, std := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b, w := trial(t, name, std)
				simulate(t, b, w, 1.2)
				b.Replay(w)
				coef := make([]float64, b.Paths)
				LogVariance(coef, b.LogW)
				b.Back(w, func(int) []float64 { return coef })
				slope(t, b, w, func(w *nn.Params[float64]) float64 {
					b.Replay(w)
					loss, _ := LogVariance(coef, b.LogW)
					return loss
				})
			})
		}
	}
}

func mean1(v []float64) float64 {
	_, m := mean(v)
	return m
}
