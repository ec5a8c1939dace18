package pinn

import (
	"math"
	"slices"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
)

func TestWorkersDoNotMatter(t *testing.T) {
	for _, c := range configs {
		var first []float32
		for _, workers := range []int{1, 2, 3, 7} {
			const n, p = 192, 16
			l, w := setUp[float32](c, workers, p)
			b := draw[float32](c, n, p, 2)
			r, j := make([]float32, n), l.NewJacobian(w, n)
			loss, norm := l.Gradient(w, b)
			s := spring.New(par.NewPool(workers), spring.Default, j)
			for range 3 {
				l.Jacobian(r, j, w, b)
				s.Step(w.Theta, r, j, 0.5)
				w.Refresh()
			}
			all := slices.Concat(l.Grad, r, w.Theta, []float32{float32(loss), float32(norm)})
			if first == nil {
				first = all
			}
			if !slices.Equal(first, all) {
				t.Fatalf("%d workers give other bits than 1", workers)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, c := range configs {
		const n, p = 64, 16
		l, w := setUp[float32](c, 1, p)
		b, r, j := draw[float32](c, n, p, 2), make([]float32, n), l.NewJacobian(w, n)
		s := spring.New(par.NewPool(1), spring.Default, j)
		if a := testing.AllocsPerRun(3, func() {
			l.Gradient(w, b)
			l.Jacobian(r, j, w, b)
			s.Step(w.Theta, r, j, 0.1)
			w.Refresh()
		}); a != 0 {
			t.Errorf("%v allocations", a)
		}
	}
}

// TestSpringTrains: from N(0, I) to N(1, ¼I) in 3 dimensions the residual falls by far more than plain descent would make
// it, with perceptrons and with ridge nets too.
func TestSpringTrains(t *testing.T) {
	for _, c := range []Config{configs[1], configs[3]} {
		c.Act, c.Head = nn.Tanh, 0.1
		if c.Ridge != nil {
			r := *c.Ridge
			r.Head, c.Ridge = 0.1, &r
		}
		const n, p = 128, 32
		l, w := setUp[float32](c, 2, p)
		r, j := make([]float32, n), l.NewJacobian(w, n)
		s := spring.New(par.NewPool(2), spring.Default, j)
		var start, end float64
		for i := range 60 {
			l.Jacobian(r, j, w, draw[float32](c, n, p, uint64(i)))
			out := s.Step(w.Theta, r, j, 0.5*math.Pow(0.2, float64(i)/60))
			w.Refresh()
			if !out.Taken {
				t.Fatalf("step %d was not taken", i)
			}
			if i == 0 {
				start = out.Loss
			}
			end = out.Loss
		}
		if !(end < start/100) {
			t.Fatalf("the mean square went from %g to %g", start, end)
		}
	}
}

// TestDirections: directions that are set are those of both nets.
func TestDirections(t *testing.T) {
	l, w := setUp[float64](configs[3], 1, 8)
	a := make([]float64, 15)
	for i := range a {
		a[i] = float64(i)
	}
	l.SetDirections(w, a)
	phi, mu := l.Potential.(*nn.Sum[float64]).Nets[0].(*nn.Ridge[float64]), l.Drift.(*nn.Sum[float64]).Nets[0].(*nn.Ridge[float64])
	if phi.A != mu.A {
		t.Fatal("the nets have directions of their own")
	}
	if m := nn.Matrix(phi.A, w.Theta); m[1] != 3 || m[5] != 1 { // Dim by Directions
		t.Fatalf("direction 1 starts with %v, and direction 0 goes on with %v", m[1], m[5])
	}
}
