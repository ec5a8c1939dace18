package main

import "math"

// Gates: functions made of the logistic σ(u) = 1/(1+e⁻ᵘ), whose argument is kept where e⁻ᵘ and σ are normal.

// logistic returns σ(u) and e⁻ᵘ, which make σ(−u) = e⁻ᵘσ(u): taking σ from one would lose it where σ is near one.
func (l num) logistic(u V) (s, e V) {
	e = l.expCore(l.sub(l.k(0), u), true)
	return l.rcp(l.addc(e, 1)), e
}

func (l num) sigmoid(x V) V {
	h, _ := l.logistic(l.atMost(l.atLeast(x, -l.gate()), l.gate()))
	return h
}

func (l num) sigmoidD(x V) (h, d V) {
	h, e := l.logistic(l.atMost(l.atLeast(x, -l.gate()), l.gate()))
	return h, l.mul(h, l.mul(e, h))
}

// softplusD recomputes nothing: σ is there only for its slope.
func (l num) softplusD(x V) (h, d V) { return l.softplus(x), l.sigmoid(x) }

// A gated activation is x·σ(u(x)), u odd and increasing.
type gated struct {
	u         func(l num, x V) V
	u1        func(l num, x V) V // derivative; nil: 1
	u2, u3    float64            // second derivative over x, and third
	valueAtOf func(x float64) float64
}

// GELU's u is √(8/π)(x + 0.044715 x³).
const slope, cubic = 1.5957691216057308, 0.044715

var gelu = gated{
	u: func(l num, x V) V { return l.mul(x, l.fmac(l.mul(x, x), slope*cubic, l.k(slope))) },
	u1: func(l num, x V) V {
		return l.fmac(l.mul(x, x), 3*slope*cubic, l.k(slope))
	},
	u2: 6 * slope * cubic, u3: 6 * slope * cubic,
	valueAtOf: func(x float64) float64 { return slope * (x + cubic*x*x*x) },
}

var silu = gated{
	u:         func(_ num, x V) V { return x },
	valueAtOf: func(x float64) float64 { return x },
}

// shut is where a gated activation's gate counts as shut, e⁻⁴⁵ in float32. At the smallest normal numbers, where σ by
// itself may end, a cotangent times the slope would be denormal, and matrix products of those run at a tenth of the speed.
func (l num) shut() float64 { return pick(l.d, 350.0, 45.0) }

// bound is the x at which u is shut: clamping x there costs no more than clamping u, and leaves infinities no way into the
// derivatives.
func (a gated) bound(l num) float64 {
	lo, hi := 0.0, 1000.0
	for range 100 {
		mid := (lo + hi) / 2
		if a.valueAtOf(mid) < l.shut() {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo * (1 - math.Exp2(-20))
}

// parts is x held from below, x held from both sides, σ(u) and e⁻ᵘ.
func (a gated) parts(l num, x V) (above, c, s, e V) {
	b := a.bound(l)
	above = l.atLeast(x, -b)
	c = l.atMost(above, b)
	s, e = l.logistic(a.u(l, c))
	return above, c, s, e
}

func (a gated) value(l num, x V) V {
	above, _, s, _ := a.parts(l, x)
	return l.mul(above, s)
}

// slopes are h, h′, h″ and h‴, as many as order says. With g = σ(u)σ(−u) = dσ/du and w = σ(−u)−σ(u):
//
//	σ′ = g u′   σ″ = g (u″ + w u′²)   σ‴ = g (u‴ + 3 w u′ u″ + (1−6g) u′³)   h⁽ⁿ⁾ = n σ⁽ⁿ⁻¹⁾ + x σ⁽ⁿ⁾
func (a gated) slopes(l num, x V, order int) []V {
	above, c, s, e := a.parts(l, x)
	out := []V{l.mul(above, s)}
	r := l.mul(e, s)
	t := l.mul(s, r)
	w := func() V { return l.sub(r, s) }
	if a.u1 == nil {
		out = append(out, l.fma(c, t, s))
		if order >= 2 {
			s2 := l.mul(t, w())
			out = append(out, l.fma(c, s2, l.add(t, t)))
			if order >= 3 {
				s3 := l.mul(t, l.fmac(t, -6, l.k(1)))
				out = append(out, l.fma(c, s3, l.mulc(s2, 3)))
			}
		}
		return out
	}
	u1 := a.u1(l, c)
	s1 := l.mul(t, u1)
	out = append(out, l.fma(c, s1, s))
	if order >= 2 {
		wu := l.mul(w(), u1)
		u2 := l.mulc(c, a.u2)
		s2 := l.mul(t, l.fma(wu, u1, u2))
		out = append(out, l.fma(c, s2, l.add(s1, s1)))
		if order >= 3 {
			v := l.fma(l.mulc(wu, 3), u2, l.k(a.u3))
			v = l.fma(l.mul(l.fmac(t, -6, l.k(1)), l.mul(u1, u1)), u1, v)
			out = append(out, l.fma(c, l.mul(t, v), l.mulc(s2, 3)))
		}
	}
	return out
}

// tanh is |x| + |x|³P(x²) below 0.625 (Cephes; Moshier 1989) and 1 − 2/(e^{2|x|}+1) above, with the sign of x.
func (l num) tanh(x V) V {
	a := l.atMost(l.abs(x), pick(l.d, 20.0, 10.0))
	e := l.expCore(l.add(a, a), true)
	large := l.fmac(l.rcp(l.addc(e, 1)), -2, l.k(1))
	z := l.mul(a, a)
	var p V
	if l.d {
		p = l.div(
			l.poly(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3),
			l.poly(z, 1, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3))
	} else {
		p = l.poly(z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	}
	h := l.choose(l.below(a, 0.625), l.fma(l.mul(p, z), a, a), large)
	return l.or(h, l.and(x, l.sign()))
}

// tanhSlopes are h, h′ = 1−h², h″ = −2hh′ and h‴ = h′(6h²−2).
func (l num) tanhSlopes(x V, order int) []V {
	return l.tanhFrom(l.tanh(x), order)
}

func (l num) tanhFrom(h V, order int) []V {
	d := l.fnma(h, h, l.k(1))
	out := []V{h, d}
	if order >= 2 {
		out = append(out, l.mul(l.mulc(h, -2), d))
	}
	if order >= 3 {
		out = append(out, l.mul(d, l.fmac(l.mul(h, h), 6, l.k(-2))))
	}
	return out
}
