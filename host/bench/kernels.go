package bench

import (
	"fmt"
	"math"
	"runtime"

	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/cputime"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// kernels is what training steps are made of, on data that stay in the nearest cache.
func kernels() []*job {
	jobs := append(products[float32](), products[float64]()...)
	return append(append(jobs, functions[float32]()...), functions[float64]()...)
}

// kernel is the job of one kernel. elements is how many it computes, and flops how many operations that takes, NaN where
// nobody counts them. prepare takes the memory.
func kernel[T vec.Float](name, shape string, elements, flops float64, prepare func() func()) *job {
	j := &job{name: name, shape: shape, dtype: dtypeOf[T](), seconds: 0.2}
	j.run = func(m *meter, r *Report) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		t, err := timed[T](m, cputime.Thread, work{1, prepare()})
		if err != nil {
			return err
		}
		r.Kernels = append(r.Kernels, Kernel{
			Name: name, DType: string(j.dtype), Shape: shape, Rounds: t[0].rounds,
			GFlops: record.Float(flops / t[0].cpu), Fraction: record.Float(flops / t[0].ops),
			Nanos: record.Float(t[0].cpu / elements), Cycles: record.Float(t[0].ops / perCycle(j.dtype) / elements),
		})
		return nil
	}
	return j
}

// products is the three matrix products of a layer of H by H weights on a tile of 64 particles: forward from a copy of Wᵀ,
// the input's gradient, the weights' gradient with padded rows.
func products[T vec.Float]() []*job {
	const p, pad = 64, 16
	var jobs []*job
	for _, h := range []int{64, 128, 256} {
		for _, product := range []struct {
			name     string
			elements int
			f        func(w, x, z []T)
		}{
			{"gemm-forward", h * p, func(w, x, z []T) { vec.Gemm(h, p, h, w, h, 1, x, p, nil, 0, z, p) }},
			{"gemm-input", h * p, func(w, x, z []T) { vec.Gemm(h, p, h, w, 1, h, x, p, nil, 0, z, p) }},
			{"gemm-weight", h * h, func(w, x, z []T) { vec.Gemm(h, h, p, x, p, 1, w, h+pad, z, h+pad, z, h+pad) }},
		} {
			jobs = append(jobs, kernel[T](product.name, fmt.Sprintf("H=%d P=%d", h, p), float64(product.elements), 2*float64(h*h*p), func() func() {
				w, x, z := normals[T](h*(h+pad), 1), normals[T](h*p, 2), normals[T](h*(h+pad), 3)
				return func() { product.f(w, x, z) }
			}))
		}
	}
	return jobs
}

// functions is everything else. Arguments are normals of standard deviation 3, their squares where they must be positive,
// and for "saturated" a million times as large.
func functions[T vec.Float]() []*job {
	const n, p = 4096, 64
	type slices struct{ x, positive, far, y, z, w []T }
	prepare := func(f func(s slices)) func() func() {
		return func() func() {
			s := slices{normals[T](n, 1), tile.Aligned[T](n), tile.Aligned[T](n), tile.Aligned[T](n), tile.Aligned[T](n), tile.Aligned[T](n)}
			vec.Scale(s.x, 3, s.x)
			vec.Mul(s.positive, s.x, s.x)
			vec.Scale(s.far, 1e6, s.x)
			return func() { f(s) }
		}
	}
	var jobs []*job
	of := func(name, shape string, elements int, f func(s slices)) {
		jobs = append(jobs, kernel[T](name, shape, float64(elements), math.NaN(), prepare(f)))
	}
	simple := func(name string, f func(s slices)) { of(name, fmt.Sprintf("n=%d", n), n, f) }

	simple("exp", func(s slices) { vec.Exp(s.y, s.x) })
	simple("log", func(s slices) { vec.Log(s.y, s.positive) })
	simple("log1p", func(s slices) { vec.Log1p(s.y, s.positive) })
	simple("tanh", func(s slices) { vec.Tanh(s.y, s.x) })
	simple("tanh-derivative", func(s slices) { vec.TanhD(s.y, s.z, s.x) })
	simple("sigmoid", func(s slices) { vec.Sigmoid(s.y, s.x) })
	simple("softplus", func(s slices) { vec.Softplus(s.y, s.x) })
	simple("erf", func(s slices) { vec.Erf(s.y, s.x) })
	simple("gelu", func(s slices) { vec.Gelu(s.y, s.x) })
	simple("gelu-derivative", func(s slices) { vec.GeluD(s.y, s.z, s.x) })
	simple("silu", func(s slices) { vec.Silu(s.y, s.x) })
	simple("silu-derivative", func(s slices) { vec.SiluD(s.y, s.z, s.x) })
	simple("sincos", func(s slices) { vec.SinCos2Pi(s.y, s.z, s.x) })

	const saturated = "n=4096 saturated"
	of("exp", saturated, n, func(s slices) { vec.Exp(s.y, s.far) })
	of("tanh", saturated, n, func(s slices) { vec.Tanh(s.y, s.far) })
	of("sigmoid", saturated, n, func(s slices) { vec.Sigmoid(s.y, s.far) })
	of("gelu", saturated, n, func(s slices) { vec.Gelu(s.y, s.far) })
	of("gelu-derivative", saturated, n, func(s slices) { vec.GeluD(s.y, s.z, s.far) })

	const d, channels, rows = 2, 5, 12
	const jet = "d=2 rows=12 P=64"
	for _, act := range []struct {
		name string
		f    vec.Act
	}{{"tanh", vec.ActTanh}, {"gelu", vec.ActGelu}} {
		of("jet-"+act.name, jet, rows*channels*p, func(s slices) { vec.JetLaplace(act.f, s.y, s.x, rows, d, p, channels*p) })
		// Its cotangents are taken from a copy each time: in place they would fade into denormals.
		of("jet-"+act.name+"-adjoint", jet, rows*channels*p, func(s slices) {
			copy(s.y, s.positive)
			vec.JetLaplaceBack(act.f, s.y, s.x, s.z, rows, d, p, channels*p)
		})
	}

	simple("mul", func(s slices) { vec.Mul(s.y, s.x, s.positive) })
	simple("axpy", func(s slices) { vec.Axpy(s.y, 1e-3, s.x) })
	simple("sum", func(s slices) { vec.Sum(s.x) })
	simple("dot", func(s slices) { vec.Dot(s.x, s.positive) })
	of("log-sum-exp", "rows=64 P=64", n, func(s slices) { vec.LogSumExpRows(s.z[:p], s.x, n/p, p) })
	simple("adam", func(s slices) {
		vec.Adam(s.y, s.z, s.w, s.x, vec.AdamStep[T]{Clip: 1, Beta1: 0.9, Beta2: 0.99, Keep: 1, Rate: 1e-3, Root: 1, Eps: 1e-8})
	})
	of("transpose", "64x64", n, func(s slices) { vec.Transpose(s.y, p, s.x, p, p, p) })
	index := make([]int32, n)
	for i := range index {
		index[i] = int32(i * 1237 % n)
	}
	simple("gather", func(s slices) { vec.Gather(s.y, s.x, index) })
	of("uniforms", "rows=64 P=64", n, func(s slices) { vec.Uniforms(s.y, p, n/p, p, rng.Key{1, 2}, 3, 4, 5) })
	of("normals", "rows=64 P=64", n, func(s slices) { vec.Normals(s.y, p, n/p, p, rng.Key{1, 2}, 3, 4, 5) })
	return jobs
}

// normals is n standard normals.
func normals[T vec.Float](n int, slot uint32) []T {
	x := tile.Aligned[T](n)
	vec.Normals(x, n, 1, n, rng.NewKey(1, "bench", 0), slot, 0, 0)
	return x
}
