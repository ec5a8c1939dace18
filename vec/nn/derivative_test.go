package nn

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestDerivatives: along a random change of all parameters and inputs, the reverse pass of a random cotangent c, the
// tangent and differences of the output agree: c·(J v) by the first and the last, J v by the last two, and the first two
// to rounding (J and its adjoint are the same matrix).
func TestDerivatives(t *testing.T) {
	both(t, checkDerivatives[float32], checkDerivatives[float64])
}

func checkDerivatives[T vec.Float](t *testing.T, r *rig[T], tol, eps float64) {
	dw := r.paramDirection(100)
	vec.Scale(dw.Theta, T(0.3), dw.Theta)
	dw.Refresh()
	dx := tile.Of(direction[T](r.net.In()*r.x.P, 7), r.net.In(), r.x.P)
	c := tile.Of(direction[T](r.net.Out()*r.x.P, 8), r.net.Out(), r.x.P)

	want := r.difference(eps, dw, dx)
	r.pass.Record(r.w, nil)
	jvp := widen(r.pass.JVP(r.w, dw, dx).Flat())
	for i := range jvp {
		if !(math.Abs(jvp[i]-want[i]) <= tol*(1+math.Abs(want[i]))) {
			t.Fatalf("output %d: tangent %v, difference %v", i, jvp[i], want[i])
		}
	}

	s := NewGradient[T](r.w.Layout)
	s.G = make([]T, r.w.Size())
	grad := r.pass.Backward(r.w, c, s, true)
	vjp := vec.Dot(s.G, dw.Theta) + vec.Dot(grad.Flat(), dx.Flat())
	cw := widen(c.Flat())
	scale := norm(cw) * norm(want)
	if diff := dot(cw, want); !(math.Abs(vjp-diff) <= tol*math.Max(math.Abs(diff), scale/30)) {
		t.Errorf("reverse pass: %v, differences %v", vjp, diff)
	}
	if tangent := dot(cw, jvp); !(math.Abs(vjp-tangent) <= tol/100*scale) {
		t.Errorf("u·(J v) is %v, (Jᵀ u)·v is %v", tangent, vjp)
	}
	if r.net.In() > 1 { // parameters alone: inputs' adjoints may be left out, and gradients add up
		before := append([]T(nil), s.G...)
		r.pass.Backward(r.w, c, s, false)
		for i, g := range s.G {
			if g != before[i]+before[i] && math.Abs(float64(g-2*before[i])) > tol*(1+math.Abs(float64(g))) {
				t.Fatalf("parameter %d: gradient %v after one reverse pass and %v after two", i, before[i], g)
			}
		}
	}
}

// TestTensorGradients: the same, tensor by tensor, so that no layer's error hides behind another's size.
func TestTensorGradients(t *testing.T) {
	both(t, checkTensors[float32], checkTensors[float64])
}

func checkTensors[T vec.Float](t *testing.T, r *rig[T], tol, eps float64) {
	c := tile.Of(direction[T](r.net.Out()*r.x.P, 8), r.net.Out(), r.x.P)
	zero := tile.New[T](r.net.In(), r.x.P)
	s := NewGradient[T](r.w.Layout)
	s.G = make([]T, r.w.Size())
	r.pass.Record(r.w, nil)
	r.pass.Backward(r.w, c, s, false)
	for _, tensor := range r.w.Tensors {
		dw := NewParams[T](r.w.Layout)
		draw(dw.Of(tensor), 9)
		dw.Refresh()
		diffs := r.difference(eps, dw, zero)
		want, got := dot(widen(c.Flat()), diffs), vec.Dot(s.G, dw.Theta)
		// Of the last bias of an odd net there is nothing but rounding.
		if scale := norm(widen(c.Flat())) * math.Max(norm(diffs), 0.05); !(math.Abs(got-want) <= tol*math.Max(math.Abs(want), scale/30)) {
			t.Errorf("%s: reverse pass %v, differences %v", tensor.Name, got, want)
		}
	}
}

// TestDivergence: divergences are the trace of the Jacobian, column by column from tangents, and are
// those of the parameters asked for.
func TestDivergence(t *testing.T) {
	t.Run("float32", func(t *testing.T) { checkDivergence[float32](t, 1e-5) })
	t.Run("float64", func(t *testing.T) { checkDivergence[float64](t, 1e-13) })
}

func checkDivergence[T vec.Float](t *testing.T, tol float64) {
	mlp := func(l *Layout, residual bool, hidden ...int) Net[T] {
		return NewMLP[T](l, "m", MLPConfig{In: 7, Out: 4, Hidden: hidden, Act: GELU, Residual: residual, Head: 1})
	}
	for name, build := range map[string]func(l *Layout) Net[T]{
		"ridge":             zoo[T]()["ridge"],
		"two hidden layers": func(l *Layout) Net[T] { return mlp(l, false, 14, 9) },
		"residual":          func(l *Layout) Net[T] { return mlp(l, true, 12, 12) },
		"three layers":      func(l *Layout) Net[T] { return mlp(l, false, 12, 8, 8) },
		"sum":               func(l *Layout) Net[T] { return NewSum(zoo[T]()["ridge"](l), mlp(l, false, 9, 14)) },
	} {
		r := newRig(build, 64)
		first, other := r.w, newRig(build, 64).w
		vec.Scale(other.Theta, 0.9, other.Theta)
		other.Refresh()
		other.Refresh()
		first.Refresh() // as often as the other
		for _, r.w = range []*Params[T]{first, other, first} {
			r.pass.Record(r.w, nil)
			div, trace := make([]T, r.x.P), make([]T, r.x.P)
			r.pass.(Divergent[T]).Divergence(r.w, div)
			tx := tile.New[T](r.net.In(), r.x.P)
			for i := range r.net.Out() {
				tx.Fill(0)
				tx.Slice(i, i+1).Fill(1)
				vec.Add(trace, trace, r.pass.JVP(r.w, nil, tx).Row(i))
			}
			close(t, name+": divergence", div, trace, tol)
		}
	}
}

// TestKeptIsRecomputed: a reverse pass from what was kept gives the bits of one that computed everything again.
func TestKeptIsRecomputed(t *testing.T) {
	both(t, checkKept[float32], checkKept[float64])
}

func checkKept[T vec.Float](t *testing.T, r *rig[T], _, _ float64) {
	run := func(kept []T) (y, g, dx []T) {
		s := NewGradient[T](r.w.Layout)
		s.G = make([]T, r.w.Size())
		y = append(y, r.pass.Record(r.w, kept).Flat()...)
		c := tile.Of(direction[T](len(y), 8), r.net.Out(), r.x.P)
		return y, s.G, append(dx, r.pass.Backward(r.w, c, s, true).Flat()...)
	}
	m := NewMemory(r.net, r.x.P, 3, 1<<20)
	if r.net.Kept() > 0 && m.Count() != 3 {
		t.Fatalf("%d of 3 evaluations fit", m.Count())
	}
	forward := append([]T(nil), r.pass.Forward(r.w, m.At(2)).Flat()...)
	y0, g0, dx0 := run(nil)
	y1, g1, dx1 := run(m.At(2))
	same(t, "output of Forward", forward, y0)
	same(t, "output", y1, y0)
	same(t, "gradient", g1, g0)
	same(t, "input adjoint", dx1, dx0)
}

func same[T vec.Float](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s %d: %v, wanted %v to the bit", what, i, got[i], want[i])
		}
	}
}

// TestMemoryCap: only what fits is kept.
func TestMemoryCap(t *testing.T) {
	var l Layout
	net := NewMLP[float32](&l, "m", MLPConfig{In: 2, Out: 1, Hidden: []int{64, 64, 64}})
	if net.Kept() != 128 { // the narrow first layer is not worth it
		t.Errorf("%d values a particle are kept, wanted 128", net.Kept())
	}
	m := NewMemory[float32](net, 64, 100, 3*128*64*4+7)
	if m.Count() != 3 || m.At(2) == nil || m.At(3) != nil {
		t.Errorf("%d evaluations are kept, wanted 3", m.Count())
	}
	if m := NewMemory[float32](net, 64, 100, 0); m.At(0) != nil {
		t.Error("a cap of nought keeps something")
	}
}
