package targets

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// wellChain is the transfer matrix of a chain of coupled double wells. With the square of wellProposal completed, the
// density is
//
//	Π_i g_i(x_i) · Π_i exp(−|c|/2 (x_i − s x_{i+1})²),  g_i(x) = exp(−(x² − δ_i)²),  s the sign of c
//
// up to a constant, and every factor is bounded. All of it is symmetric under x → −x and under reversal of the chain, so
// it is held on the half line, at Gauss's nodes, which converge exponentially for these entire functions.
type wellChain struct {
	dim, n         int
	x              []float64 // n nodes on the half line
	end, inner     []float64 // n: weight of the node times g of an end of the chain, and of an inner well
	same, opposite []float64 // n×n: the coupling of neighbours of the same sign and of opposite signs
	even, odd      []float64 // their sum and their difference
	left           []float64 // dim×n: message to well i from all wells before it, scaled to a top of one
	scale          []float64 // dim: what the message to well i was divided by
	logZ           float64
}

func newWellChain(dim int, delta, c float64) *wellChain {
	c2 := math.Abs(c) / 2
	endDelta, innerDelta := delta+c2/2, delta+c2
	if dim == 1 {
		endDelta = delta
	}
	const reach = 100 // beyond, g is below e^−100 of its top
	lo := math.Sqrt(max(0, endDelta-math.Sqrt(reach)))
	hi := math.Sqrt(innerDelta + math.Sqrt(reach+min(0, innerDelta)*min(0, innerDelta)))
	n := 40 + int(8*(hi-lo)*math.Sqrt(8*math.Abs(innerDelta)+2)) // eight to the width of the narrowest peak
	w := &wellChain{dim: dim, n: n, x: make([]float64, n), end: make([]float64, n), inner: make([]float64, n)}
	weight := make([]float64, n)
	quad.Legendre{}.FixedLocations(w.x, weight, lo, hi)
	well := func(g []float64, d float64) (top float64) {
		if d < 0 {
			top = -d * d
		}
		for k, x := range w.x {
			e := x*x - d
			g[k] = weight[k] * math.Exp(-e*e-top)
		}
		return top + d*d - delta*delta // with what completing the square left over
	}
	ends, inners := float64(min(dim, 2)), float64(max(dim-2, 0))
	w.logZ = ends*well(w.end, endDelta) + inners*well(w.inner, innerDelta)
	w.couple(c2, math.Copysign(1, c))
	w.logZ += w.forward()
	return w
}

func (w *wellChain) couple(c2, sign float64) {
	n := w.n
	for _, m := range []*[]float64{&w.same, &w.opposite, &w.even, &w.odd} {
		*m = make([]float64, n*n)
	}
	for i, a := range w.x {
		for j, b := range w.x {
			k := i*n + j
			w.same[k] = math.Exp(-c2 * (a - sign*b) * (a - sign*b))
			w.opposite[k] = math.Exp(-c2 * (a + sign*b) * (a + sign*b))
			w.even[k], w.odd[k] = w.same[k]+w.opposite[k], w.same[k]-w.opposite[k]
		}
	}
}

// well is the weighted g of well i.
func (w *wellChain) well(i int) []float64 {
	if i == 0 || i == w.dim-1 {
		return w.end
	}
	return w.inner
}

// step is the message that well i hands on, given the message in to it: out_b = Σ_a kernel_ab g_a in_a.
func (w *wellChain) step(i int, kernel, in, out, scratch []float64) {
	for k, g := range w.well(i) {
		scratch[k] = g * in[k]
	}
	for k := range out {
		out[k] = dot(kernel[k*w.n:(k+1)*w.n], scratch)
	}
}

// message is the one to well i from before it; that from behind it is message(dim−1−i).
func (w *wellChain) message(i int) []float64 { return w.left[i*w.n : (i+1)*w.n] }

// forward fills the messages and returns the log of the integral.
func (w *wellChain) forward() float64 {
	w.left, w.scale = make([]float64, w.dim*w.n), make([]float64, w.dim)
	scratch := make([]float64, w.n)
	fill(w.message(0), 1)
	w.scale[0] = 1
	logZ := 0.0
	for i := 1; i < w.dim; i++ {
		m := w.message(i)
		w.step(i-1, w.even, w.message(i-1), m, scratch)
		top := 0.0
		for _, v := range m {
			top = max(top, v)
		}
		for k := range m {
			m[k] /= top
		}
		w.scale[i] = top
		logZ += math.Log(top)
	}
	return logZ + math.Log(2*dot(w.well(w.dim-1), w.message(w.dim-1)))
}

// mean is the expectation of f(x_i), f even, over the law of well i.
func (w *wellChain) mean(i int, f func(k int) float64) float64 {
	sum, norm := 0.0, 0.0
	left, right := w.message(i), w.message(w.dim-1-i)
	for k, g := range w.well(i) {
		p := g * left[k] * right[k]
		sum += p * f(k)
		norm += p
	}
	return sum / norm
}

func (w *wellChain) sd() []float64 {
	out := make([]float64, w.dim)
	for i := range out {
		out[i] = math.Sqrt(w.mean(i, func(k int) float64 { return w.x[k] * w.x[k] }))
	}
	return out
}

// maxChainCovariance is the number of wells up to which covariances are worked out: the work is its square.
const maxChainCovariance = 64

// covariance carries x_i, an odd function, along the chain to each x_j; nil for a chain too long.
func (w *wellChain) covariance() []float64 {
	if w.dim > maxChainCovariance {
		return nil
	}
	c := diagonal(w.sd())
	in, out, scratch := make([]float64, w.n), make([]float64, w.n), make([]float64, w.n)
	for i := range w.dim {
		for k, m := range w.message(i) {
			in[k] = m * w.x[k]
		}
		for j := i + 1; j < w.dim; j++ {
			w.step(j-1, w.odd, in, out, scratch)
			for k := range out {
				out[k] /= w.scale[j]
			}
			in, out = out, in
			left := w.message(j)
			c[i*w.dim+j] = w.mean(j, func(k int) float64 { return in[k] / left[k] * w.x[k] })
			c[j*w.dim+i] = c[i*w.dim+j]
		}
	}
	return c
}

// signWeights are the masses of all sign patterns, bit i set where x_i > 0. Patterns with a common beginning share its
// message, and a pattern weighs as much as its opposite.
func (w *wellChain) signWeights() []float64 {
	out := make([]float64, 1<<w.dim)
	scratch := make([]float64, w.n)
	messages := make([][]float64, w.dim)
	for i := range messages {
		messages[i] = make([]float64, w.n)
	}
	fill(messages[0], 1)
	sum := 0.0
	var extend func(i, pattern int)
	extend = func(i, pattern int) { // well i has the sign of bit i, and messages[i] reaches it
		if i == w.dim-1 {
			v := dot(w.well(i), messages[i])
			out[pattern], out[len(out)-1-pattern] = v, v
			sum += 2 * v
			return
		}
		bit := pattern >> i & 1
		w.step(i, w.same, messages[i], messages[i+1], scratch)
		extend(i+1, pattern|bit<<(i+1))
		w.step(i, w.opposite, messages[i], messages[i+1], scratch)
		extend(i+1, pattern|(1-bit)<<(i+1))
	}
	extend(0, 0)
	for k := range out {
		out[k] /= sum
	}
	return out
}
