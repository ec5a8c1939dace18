package nn

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/vec/nn/safetensors"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestInit: weights have the variance they should, heads start at zero, biases where they were told, and float32 starts
// where float64 does.
func TestInit(t *testing.T) {
	var l Layout
	NewMLP[float64](&l, "n", MLPConfig{In: 100, Out: 3, Hidden: []int{200}, HeadBias: 0.5})
	NewMLP[float64](&l, "t", MLPConfig{In: 100, Out: 3, Hidden: []int{200}, Torch: true, Head: 1e-2})
	w, w32 := NewParams[float64](&l), NewParams[float32](&l)
	w.Init(rng.NewKey(1, "init", 0))
	w32.Init(rng.NewKey(1, "init", 0))
	for name, want := range map[string]float64{
		"n.0.kernel": 0.1, "n.0.bias": 0, "n.1.kernel": 0, "n.1.bias": 0,
		"t.0.kernel": 0.1 / math.Sqrt(3), "t.0.bias": 0.1 / math.Sqrt(3), "t.1.kernel": 1e-2 / math.Sqrt(200), "t.1.bias": 0,
	} {
		var sum, sum2, n float64
		for _, tensor := range l.Tensors {
			if tensor.Name == name {
				for i, v := range w.Of(tensor) {
					sum, sum2, n = sum+v, sum2+v*v, n+1
					if float32(v) != w32.Of(tensor)[i] {
						t.Fatalf("%s: float32 starts at %v, float64 at %v", name, w32.Of(tensor)[i], v)
					}
				}
			}
		}
		mean := sum / n
		if std := math.Sqrt(sum2/n - mean*mean); math.Abs(std-want) > 6*want/math.Sqrt(2*n) {
			t.Errorf("%s: standard deviation %v, wanted %v", name, std, want)
		}
		if name == "n.1.bias" && mean != 0.5 {
			t.Errorf("%s is %v, wanted 0.5", name, mean)
		}
	}
}

// TestExport: a file holds all of a net, and fills another net of the same shape, in another precision too.
func TestExport(t *testing.T) {
	for name, build := range zoo[float64]() {
		r := newRig(build, 16)
		var buf bytes.Buffer
		if err := safetensors.Write(&buf, &safetensors.File{Tensors: Export(r.w.Layout, "ema.", r.w.Theta)}); err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Read(&buf)
		if err != nil {
			t.Fatal(err)
		}
		back, narrow := NewParams[float64](r.w.Layout), NewParams[float32](r.w.Layout)
		if err := Import(r.w.Layout, "ema.", back.Theta, f); err != nil {
			t.Fatal(err)
		}
		if err := Import(r.w.Layout, "ema.", narrow.Theta, f); err != nil {
			t.Fatal(err)
		}
		same(t, name+": parameter", back.Theta, r.w.Theta)
		for i, v := range narrow.Theta {
			if v != float32(r.w.Theta[i]) {
				t.Fatalf("%s: parameter %d is %v in float32, wanted %v", name, i, v, r.w.Theta[i])
			}
		}
		if err := Import(r.w.Layout, "", back.Theta, f); err == nil || !strings.Contains(err.Error(), "no tensor") {
			t.Errorf("%s: missing tensors: error %v", name, err)
		}
		f.Tensors[0].Shape = append(f.Tensors[0].Shape, 1)
		if err := Import(r.w.Layout, "ema.", back.Theta, f); err == nil || !strings.Contains(err.Error(), "shape") {
			t.Errorf("%s: another shape: error %v", name, err)
		}
	}
}

// TestSinusoid: the features are what the formula says and Slope their derivative.
func TestSinusoid(t *testing.T) {
	s := Sinusoid{Harmonics: 3}
	const p = 32
	f, df, tt := tile.New[float64](s.Rows(), p), tile.New[float64](s.Rows(), p), make([]float64, p)
	for i := range tt {
		tt[i] = float64(i) / (p - 1)
	}
	Fill(s, f, tt)
	Slope(s, df, f)
	for i, u := range tt {
		if got := f.Row(0)[i]; got != 2*u-1 || df.Row(0)[i] != 2 {
			t.Errorf("t = %v: %v, slope %v", u, got, df.Row(0)[i])
		}
		for j := 1; j <= s.Harmonics; j++ {
			w := math.Pi * float64(j)
			sin, cos := math.Sincos(w * u)
			for row, want := range map[int][2]float64{2*j - 1: {sin, w * cos}, 2 * j: {cos, -w * sin}} {
				if math.Abs(f.Row(row)[i]-want[0]) > 1e-13 || math.Abs(df.Row(row)[i]-want[1]) > 1e-12 {
					t.Errorf("t = %v, row %d: %v, slope %v; wanted %v", u, row, f.Row(row)[i], df.Row(row)[i], want)
				}
			}
		}
	}
}

func TestFinite(t *testing.T) {
	v := []float64{1, -1e300, 1e300}
	if !Finite(v) || Finite(append(v, math.NaN())) || Finite(append(v, math.Inf(-1))) {
		t.Error("finite is mistaken")
	}
}

// TestMistakes: nets that do not fit together are refused when they are made.
func TestMistakes(t *testing.T) {
	mlp := func(l *Layout, name string, in, out int) Net[float32] {
		return NewMLP[float32](l, name, MLPConfig{In: in, Out: out, Hidden: []int{4}})
	}
	for name, f := range map[string]func(l *Layout){
		"two of a name":    func(l *Layout) { mlp(l, "a", 1, 1); mlp(l, "a", 1, 1) },
		"sum":              func(l *Layout) { NewSum(mlp(l, "a", 1, 1), mlp(l, "b", 1, 2)) },
		"stack":            func(l *Layout) { NewStack(mlp(l, "a", 1, 1), mlp(l, "b", 2, 1)) },
		"chain":            func(l *Layout) { NewChain(mlp(l, "a", 1, 3), mlp(l, "b", 2, 1)) },
		"conditioned":      func(l *Layout) { NewConditioned(mlp(l, "a", 2, 1), mlp(l, "b", 1, 3)) },
		"gates":            func(l *Layout) { NewGated(mlp(l, "a", 2, 2), 2, 1) },
		"heads":            func(l *Layout) { NewHeads(mlp(l, "a", 2, 3), false, Head{Rows: 2}) },
		"an input too few": func(l *Layout) { mlp(l, "a", 2, 3).NewPass(&tile.Arena[float32]{}, tile.New[float32](2, 8), nil) },
		"no outputs":       func(l *Layout) { mlp(l, "a", 2, 0) },
		"other directions": func(l *Layout) {
			r := NewRidge[float32](l, "r", RidgeConfig{Dim: 2, Directions: 3, MLP: MLPConfig{Hidden: []int{4}}})
			r.SetDirections(NewParams[float32](l), make([]float64, 5))
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(&Layout{})
		}()
	}
}
