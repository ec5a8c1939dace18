package pinn

import (
	"fmt"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/spring"
	"github.com/sampan-mc/sampan/vec/par"
)

func BenchmarkGradient(b *testing.B) {
	const n = 2048
	for _, eq := range []Equation{LogCE, LogFP} {
		for _, h := range []int{64, 128} {
			for _, d := range []int{2, 5, 50} {
				b.Run(fmt.Sprintf("%v/d=%d/H=%d", []string{"CE", "FP"}[eq], d, h), func(b *testing.B) {
					c := Config{Equation: eq, Features: jet.Features{Dim: d, Scale: 1}, Hidden: []int{h, h, h}, Act: nn.Tanh, Head: 0.1}
					p := TilePoints(d)
					l, w := setUp[float32](c, 1, p)
					batch := draw[float32](c, n, p, 1)
					for b.Loop() {
						l.Gradient(w, batch)
					}
					b.ReportMetric(l.Flops(n)/1e9*float64(b.N)/b.Elapsed().Seconds(), "GF/s")
				})
			}
		}
	}
}

// BenchmarkNets is the gradient, and the step of SPRING, with the nets that flows are made of.
func BenchmarkNets(b *testing.B) {
	const n = 512
	for _, d := range []int{5, 50} {
		ridge := &Ridge{Directions: map[int]int{5: 10, 50: 50}[d], Hidden: []int{32, 32}, Embed: 8, Act: nn.Tanh, Head: 0.1}
		alone := *ridge
		alone.Alone = true
		for name, r := range map[string]*Ridge{"MLP": nil, "ridge": &alone, "sum": ridge} {
			c := Config{
				Equation: LogCE, Features: jet.Features{Dim: d, Scale: 1, Time: nn.Sinusoid{Harmonics: 2}}, Hidden: []int{64, 64}, Act: nn.Tanh, Head: 0.1,
				Ridge: r, Known: true, Norms: 7,
			}
			p := c.TilePoints()
			l, w := setUp[float32](c, 1, p)
			batch := draw[float32](c, n, p, 1)
			b.Run(fmt.Sprintf("%s/d=%d/gradient", name, d), func(b *testing.B) {
				for b.Loop() {
					l.Gradient(w, batch)
				}
				b.ReportMetric(l.Flops(n)/1e9*float64(b.N)/b.Elapsed().Seconds(), "GF/s")
			})
			r, j := make([]float32, n), l.NewJacobian(w, n)
			s := spring.New(par.NewPool(1), spring.Default, j)
			b.Run(fmt.Sprintf("%s/d=%d/jacobian", name, d), func(b *testing.B) {
				for b.Loop() {
					l.Jacobian(r, j, w, batch)
				}
			})
			b.Run(fmt.Sprintf("%s/d=%d/spring", name, d), func(b *testing.B) {
				for b.Loop() {
					l.Jacobian(r, j, w, batch)
					s.Step(w.Theta, r, j, 0.001)
					w.Refresh()
				}
			})
		}
	}
}

func BenchmarkSpring(b *testing.B) {
	const n, p = 384, 64
	c := Config{Equation: LogCE, Features: jet.Features{Dim: 2, Scale: 1. / 3, Time: nn.Sinusoid{Harmonics: 2}}, Hidden: []int{40, 40, 40}, Act: nn.Tanh, Head: 0.1, Known: true, Norms: 1}
	l, w := setUp[float32](c, 1, p)
	batch, r, j := draw[float32](c, n, p, 1), make([]float32, n), l.NewJacobian(w, n)
	s := spring.New(par.NewPool(1), spring.Default, j)
	b.Run("jacobian", func(b *testing.B) {
		for b.Loop() {
			l.Jacobian(r, j, w, batch)
		}
	})
	b.Run("step", func(b *testing.B) {
		for b.Loop() {
			l.Jacobian(r, j, w, batch)
			s.Step(w.Theta, r, j, 0.01)
			w.Refresh()
		}
	})
}
