//go:build linux

package vec

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sampan-mc/sampan/vec/rng"
)

// Rates are fractions of what a loop of independent multiply-adds does in the same run, measured in turns with it, in time
// of this thread's processor. cycles/el takes that loop as two vector multiply-adds a cycle.

func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// against reports how work, of so many elements or operations, compares with the loop.
func against[T Float](b *testing.B, elements, flops float64, work func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const slice = 4 * time.Millisecond
	calibrate := func(f func()) int {
		for n := 1; ; n *= 2 {
			t := cpuTime()
			for range n {
				f()
			}
			if cpuTime()-t > slice {
				return n
			}
		}
	}
	var operations float64
	loop := func() { operations = MultiplyAdds[T](1 << 14) }
	n, m := calibrate(work), calibrate(loop)
	var ratio, ns []float64
	for range 21 {
		t0 := cpuTime()
		for range m {
			loop()
		}
		t1 := cpuTime()
		for range n {
			work()
		}
		t2 := cpuTime()
		cycle := float64(t1-t0) / float64(m) / operations * 4 * float64(use[T]().lanes)
		each := float64(t2-t1) / float64(n)
		ns = append(ns, each/elements)
		if flops > 0 {
			ratio = append(ratio, flops/each/(operations*float64(m)/float64(t1-t0)))
		} else {
			ratio = append(ratio, each/elements/cycle)
		}
	}
	slices.Sort(ratio)
	slices.Sort(ns)
	if flops > 0 {
		b.ReportMetric(ratio[len(ratio)/2], "of-peak")
	} else {
		b.ReportMetric(ns[len(ns)/2], "ns/el")
		b.ReportMetric(ratio[len(ratio)/2], "cycles/el")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkFunctions(b *testing.B) {
	b.Run("float32", benchFunctions[float32])
	b.Run("float64", benchFunctions[float64])
}

func benchFunctions[T Float](b *testing.B) {
	const n = 4096
	r := rand.New(rand.NewPCG(1, 1))
	x, y, z, w := make([]T, n), make([]T, n), make([]T, n), make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64() * 3)
	}
	positive := make([]T, n)
	far := make([]T, n)
	denormal := make([]T, n) // arguments of an exponential that is
	for i := range far {
		far[i] = x[i] * 1e6
		denormal[i] = -100 + x[i]
		if !single[T]() {
			denormal[i] = -726 + 3*x[i]
		}
	}
	p, m, v := make([]T, n), make([]T, n), make([]T, n)
	index := make([]int32, n)
	for i := range x {
		positive[i], index[i] = x[i]*x[i], int32(r.IntN(n))
	}
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"exp", func() { Exp(y, x) }},
		{"exp-saturated", func() { Exp(y, far) }},
		{"exp-denormal", func() { Exp(y, denormal) }},
		{"tanh-saturated", func() { Tanh(y, far) }},
		{"sigmoid-saturated", func() { Sigmoid(y, far) }},
		{"gelu-saturated", func() { Gelu(y, far) }},
		{"geluD-saturated", func() { GeluD(y, z, far) }},
		{"log", func() { Log(y, positive) }},
		{"log1p", func() { Log1p(y, positive) }},
		{"tanh", func() { Tanh(y, x) }},
		{"tanhD", func() { TanhD(y, z, x) }},
		{"tanhDD", func() { TanhDD(y, z, w, x) }},
		{"sigmoid", func() { Sigmoid(y, x) }},
		{"softplus", func() { Softplus(y, x) }},
		{"erf", func() { Erf(y, x) }},
		{"gelu", func() { Gelu(y, x) }},
		{"geluD", func() { GeluD(y, z, x) }},
		{"geluDD", func() { GeluDD(y, z, w, x) }},
		{"silu", func() { Silu(y, x) }},
		{"siluD", func() { SiluD(y, z, x) }},
		{"sinCos2Pi", func() { SinCos2Pi(y, z, x) }},
		{"mul", func() { Mul(y, x, z) }},
		{"jetTanh", func() { JetLaplace(ActTanh, y, x, n/64/5, 2, 64, 5*64) }},
		{"jetGelu", func() { JetLaplace(ActGelu, y, x, n/64/5, 2, 64, 5*64) }},
		{"jetTanhBack", func() { copy(y, x); JetLaplaceBack(ActTanh, y, x, z, n/64/5, 2, 64, 5*64) }},
		{"jetGeluBack", func() { copy(y, x); JetLaplaceBack(ActGelu, y, x, z, n/64/5, 2, 64, 5*64) }},
		{"sum", func() { Sum(x) }},
		{"dot", func() { Dot(x, positive) }},
		{"logSumExpRows", func() { LogSumExpRows(z[:64], x, n/64, 64) }},
		{"adam", func() { Adam(p, m, v, x, AdamStep[T]{1, 0.9, 0.99, 1, 1e-3, 1, 1e-8}) }},
		{"transpose", func() { Transpose(y, 64, x, 64, 64, 64) }},
		{"gather", func() { Gather(y, x, index) }},
		{"uniforms", func() { Uniforms(y, 64, n/64, 64, rng.Key{1, 2}, 3, 4, 5) }},
		{"normals", func() { Normals(y, 64, n/64, 64, rng.Key{1, 2}, 3, 4, 5) }},
	} {
		b.Run(c.name, func(b *testing.B) { against[T](b, n, 0, c.f) })
	}
}

// BenchmarkGemm: the three products of a layer of a tile of 64 particles: forward from a copy of Wᵀ, input gradient, weight
// gradient with padded rows.
func BenchmarkGemm(b *testing.B) {
	b.Run("float32", benchGemm[float32])
	b.Run("float64", benchGemm[float64])
}

func benchGemm[T Float](b *testing.B) {
	const p, pad = 64, 16
	r := rand.New(rand.NewPCG(1, 1))
	for _, h := range []int{64, 128, 256} {
		w, x, z := make([]T, h*(h+pad)), make([]T, h*p), make([]T, h*(h+pad))
		for _, v := range [][]T{w, x, z} {
			for i := range v {
				v[i] = T(r.NormFloat64())
			}
		}
		flops := 2 * float64(h*h*p)
		for _, c := range []struct {
			name string
			f    func()
		}{
			{"forward", func() { Gemm(h, p, h, w, h, 1, x, p, nil, 0, z, p) }},
			{"input", func() { Gemm(h, p, h, w, 1, h, x, p, nil, 0, z, p) }},
			{"weight", func() { Gemm(h, h, p, x, p, 1, w, h+pad, z, h+pad, z, h+pad) }},
		} {
			b.Run(fmt.Sprintf("%s-%d", c.name, h), func(b *testing.B) { against[T](b, 1, flops, c.f) })
		}
	}
}
