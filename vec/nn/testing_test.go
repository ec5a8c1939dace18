package nn

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// zoo is every architecture, small, with last layers that do not start at zero.
func zoo[T vec.Float]() map[string]func(l *Layout) Net[T] {
	mlp := func(l *Layout, name string, c MLPConfig) Net[T] {
		c.Head = 1
		return NewMLP[T](l, name, c)
	}
	fourier := func(l *Layout, name string, out int) Net[T] {
		f := NewFourier[T](l, name+".time", 5, 0.1, 9, Init{Normal: 1})
		return NewChain[T](f, mlp(l, name, MLPConfig{In: 10, Out: out, Hidden: []int{9}, Act: GELU, HeadBias: 0.3}))
	}
	ridge := func(l *Layout, c RidgeConfig) Net[T] {
		c.MLP.Head = 1
		return NewRidge[T](l, "ridge", c)
	}
	zoo := map[string]func(l *Layout) Net[T]{
		"affine": func(l *Layout) Net[T] { return mlp(l, "m", MLPConfig{In: 3, Out: 2}) },
		"residual": func(l *Layout) Net[T] {
			return mlp(l, "m", MLPConfig{In: 3, Out: 5, Hidden: []int{17, 17, 17}, Residual: true})
		},
		"funnel": func(l *Layout) Net[T] {
			return mlp(l, "m", MLPConfig{In: 7, Out: 2, Hidden: []int{20, 8, 8}, Residual: true, Torch: true, Act: GELU})
		},
		"fourier": func(l *Layout) Net[T] { return fourier(l, "f", 3) },
		"conditioned": func(l *Layout) Net[T] {
			body := mlp(l, "m", MLPConfig{In: 4, Out: 6, Hidden: []int{12, 12}, Act: GELU, Cond: true})
			return NewConditioned(NewHeads(body, true, Head{Rows: 2}, Head{Rows: 2, Kind: Bounded, Limit: 2},
				Head{Rows: 1, Kind: Positive}, Head{Rows: 1, Kind: Clipped, Limit: 3}), fourier(l, "f", 18))
		},
		"gated": func(l *Layout) Net[T] {
			body := mlp(l, "m", MLPConfig{In: 5, Out: 3, Hidden: []int{12, 12}, Residual: true, Cond: true})
			gates := NewStack(fourier(l, "c", 12), fourier(l, "g", 4))
			return NewConditioned[T](NewGated(body, 2, 0, 2), gates)
		},
		"per dimension": func(l *Layout) Net[T] {
			return NewPerDim[T](l, "p", PerDimConfig{Dim: 11, Fields: 2, Shared: 3, EmbedDim: 4, Outs: 2,
				MLP: MLPConfig{Hidden: []int{10, 10}, Act: Tanh, Head: 1}})
		},
		"ridge": func(l *Layout) Net[T] {
			return ridge(l, RidgeConfig{Dim: 4, Directions: 9, Shared: 3, EmbedDim: 5, Scale: 0.7, MLP: MLPConfig{Hidden: []int{12, 12}, Act: Tanh}})
		},
		"ridge, several": func(l *Layout) Net[T] {
			return ridge(l, RidgeConfig{Dim: 4, Directions: 7, Shared: 3, Fields: 2, Outs: 3, EmbedDim: 5, Scale: 0.7, MLP: MLPConfig{Hidden: []int{12, 12}, Act: Tanh}})
		},
		"ridge potential plus MLP": func(l *Layout) Net[T] {
			r := ridge(l, RidgeConfig{Dim: 4, Directions: 8, Shared: 3, Potential: true, MLP: MLPConfig{Hidden: []int{12, 12}, Act: Tanh}})
			return NewSum(r, mlp(l, "m", MLPConfig{In: 7, Out: 1, Hidden: []int{16, 16}, Act: Tanh}))
		},
	}
	zoo["even"] = func(l *Layout) Net[T] { return NewMirrored(zoo["ridge potential plus MLP"](l), 4, false) }
	zoo["odd"] = func(l *Layout) Net[T] {
		return NewMirrored(mlp(l, "m", MLPConfig{In: 5, Out: 3, Hidden: []int{12, 12}}), 3, true)
	}
	for _, a := range []Activation{SiLU, GELU, Tanh, Sigmoid, Softplus, Identity} {
		zoo[[]string{"SiLU", "GELU", "tanh", "sigmoid", "softplus", "identity"}[a]] = func(l *Layout) Net[T] {
			return mlp(l, "m", MLPConfig{In: 3, Out: 2, Hidden: []int{15, 15}, Act: a})
		}
	}
	return zoo
}

// rig is a net with random parameters on a tile of random inputs.
type rig[T vec.Float] struct {
	net  Net[T]
	w    *Params[T]
	x    tile.Tile[T]
	pass Pass[T]
}

func newRig[T vec.Float](build func(l *Layout) Net[T], p int) *rig[T] {
	var l Layout
	r := &rig[T]{net: build(&l)}
	r.w = NewParams[T](&l)
	r.w.Init(rng.NewKey(3, "init", 0))
	var a tile.Arena[T]
	r.x = a.Input(r.net.In(), p)
	draw(r.x.Slice(0, r.net.In()).Flat(), 1)
	r.pass = r.net.NewPass(&a, r.x, nil)
	return r
}

// in is the input without the ones.
func (r *rig[T]) in() tile.Tile[T] { return r.x.Slice(0, r.net.In()) }

// draw fills v with normals.
func draw[T vec.Float](v []T, slot uint32) {
	z := make([]float64, len(v))
	k := rng.NewKey(5, "test", 0)
	k.Normals(z, slot, 0, 0)
	for i := range v {
		v[i] = T(z[i])
	}
}

// direction is a random vector; that of parameters leaves the padding alone.
func direction[T vec.Float](n int, slot uint32) []T {
	v := make([]T, n)
	draw(v, slot)
	return v
}

func (r *rig[T]) paramDirection(slot uint32) *Params[T] {
	d := NewParams[T](r.w.Layout)
	for i, t := range d.Tensors {
		draw(d.Of(t), slot+uint32(i))
	}
	d.Refresh()
	return d
}

// moved evaluates the net at parameters θ + ε·dw and input x + ε·dx, in a copy of the output.
func (r *rig[T]) moved(eps float64, dw *Params[T], dx tile.Tile[T]) []float64 {
	theta, x := append([]T(nil), r.w.Theta...), append([]T(nil), r.in().Flat()...)
	vec.Axpy(r.w.Theta, T(eps), dw.Theta)
	vec.Axpy(r.in().Flat(), T(eps), dx.Flat())
	r.w.Refresh()
	y := r.pass.Forward(r.w, nil)
	out := make([]float64, y.Rows*y.P)
	vec.Widen(out, y.Flat())
	copy(r.w.Theta, theta)
	copy(r.in().Flat(), x)
	r.w.Refresh()
	return out
}

// difference is the derivative of the output along (dw, dx) by central differences of fourth order.
func (r *rig[T]) difference(eps float64, dw *Params[T], dx tile.Tile[T]) []float64 {
	a, b := r.moved(eps, dw, dx), r.moved(-eps, dw, dx)
	c, d := r.moved(2*eps, dw, dx), r.moved(-2*eps, dw, dx)
	for i := range a {
		a[i] = (8*(a[i]-b[i]) - (c[i] - d[i])) / (12 * eps)
	}
	return a
}

// both runs a test in float32 and in float64, on every net of the zoo, with the bound for that type and a step for differences.
func both(t *testing.T, f32 func(t *testing.T, r *rig[float32], tol, eps float64), f64 func(t *testing.T, r *rig[float64], tol, eps float64)) {
	for name, build := range zoo[float32]() {
		t.Run(name+"/float32", func(t *testing.T) { f32(t, newRig(build, 64), 1e-3, 4e-3) })
	}
	for name, build := range zoo[float64]() {
		t.Run(name+"/float64", func(t *testing.T) { f64(t, newRig(build, 64), 1e-7, 1e-4) })
	}
}

func dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func widen[T vec.Float](v []T) []float64 {
	w := make([]float64, len(v))
	vec.Widen(w, v)
	return w
}

func norm(a []float64) float64 { return math.Sqrt(dot(a, a)) }
