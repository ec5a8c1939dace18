package annealed

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// walk is a set of particles on their way over the grid.
type walk struct {
	b      *Bridge
	n, d   int
	first  int
	x      []float64 // n×d, out's memory
	before []float64 // where the step began
	noise  []float64 // of the step, standard normal
	ahead  []float64 // drift that the step was drawn with
	drift  []float64 // of the way back
	sum    []float64 // scratch of a control
	ref    targets.Batch
	target targets.Batch
	status []targets.Status
}

func newWalk(b *Bridge, in, out *smc.Particles, status []targets.Status) *walk {
	n, d := in.N, in.D
	memory := make([]float64, 7*n*d)
	part := func() []float64 {
		p := memory[:n*d]
		memory = memory[n*d:]
		return p
	}
	w := &walk{
		b: b, n: n, d: d, first: in.First, x: out.X,
		before: part(), noise: part(), ahead: part(), drift: part(), sum: part(), status: status,
	}
	copy(w.x, in.X)
	states := make([]targets.Status, 2*n)
	w.ref = targets.Batch{N: n, D: d, Want: targets.Grad, X: w.x, Grad: part(), Status: states[:n]}
	w.target = targets.Batch{N: n, D: d, Want: targets.Grad, X: w.x, Grad: part(), Status: states[n:]}
	for i := range status {
		status[i] = targets.OK
	}
	return w
}

// look evaluates both gradients where the particles are. Where one is not to be had the drift is zero, which is a
// function of the point and so keeps the ratio exact; but for points outside the support, which are nothing odd, the
// particle keeps the status.
func (w *walk) look(ctx context.Context) error {
	for _, f := range []struct {
		density targets.Density
		batch   *targets.Batch
	}{{w.b.reference, &w.ref}, {w.b.target, &w.target}} {
		if err := f.density.Eval(ctx, f.batch); err != nil {
			return err
		}
		for i, s := range f.batch.Status {
			if s == targets.OK {
				continue
			}
			clear(f.batch.Grad[i*w.d : (i+1)*w.d])
			if s != targets.OutOfSupport && w.status[i] == targets.OK {
				w.status[i] = s
			}
		}
	}
	return nil
}

// forward fills out with the forward drift of step k, at its start.
func (w *walk) forward(k int, x, out []float64) error {
	w.score(out, w.b.forward[k], 1)
	if w.b.control == nil {
		return nil
	}
	return w.add(out, w.b.control.Forward, k, x)
}

// backward fills out with the backward drift of step k, at its end.
func (w *walk) backward(k int, x, out []float64) error {
	w.score(out, w.b.backward[k], w.b.again)
	if w.b.control == nil {
		return nil
	}
	return w.add(out, w.b.control.Backward, k+1, x)
}

// score fills out with factor times the gradient of log γ_β where the particles are.
func (w *walk) score(out []float64, beta, factor float64) {
	f0, f1 := factor*(1-beta), factor*beta
	for j, g := range w.ref.Grad {
		out[j] = f0*g + f1*w.target.Grad[j]
	}
}

func (w *walk) add(out []float64, control func(k, n int, x, out []float64) error, k int, x []float64) error {
	if err := control(k, w.n, x, w.sum); err != nil {
		return err
	}
	for j, u := range w.sum {
		out[j] += u
	}
	return nil
}

// draw takes the particles over step k, with noise of the standard deviation sqrt. The random numbers of a particle
// depend on its slot and the step alone. One that would leave the floating-point range stays where it is.
func (w *walk) draw(key rng.Key, k uint32, sqrt float64) {
	e := w.b.step[k]
	for i := range w.n {
		lo, hi := i*w.d, (i+1)*w.d
		x, z, a := w.x[lo:hi], w.noise[lo:hi], w.ahead[lo:hi]
		key.Normals(z, uint32(w.first+i), k, 0)
		finite := true
		for j := range x {
			x[j] += e*a[j] + sqrt*z[j]
			finite = finite && !math.IsNaN(x[j]) && !math.IsInf(x[j], 0)
		}
		if !finite {
			copy(x, w.before[lo:hi])
			if w.status[i] == targets.OK {
				w.status[i] = targets.Numerical
			}
		}
	}
}
