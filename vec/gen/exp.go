package main

import "math"

// Ranges of the exponential: the largest and the smallest argument with a finite and a normal result, and the bound of the
// gates, beyond which they stay what they are there, so that nothing denormal ever leaves one.
func (l num) expMax() float64 { return pick(l.d, 709.782712893384, 88.72283) }
func (l num) expMin() float64 { return pick(l.d, -708.3964185322641, -87.33654) }
func (l num) gate() float64   { return pick(l.d, 708.39, 87.33) }

// exp is eˣ: 0 where that is not normal, +Inf where it is not finite. NaN goes through min and max.
func (l num) exp(x V) V {
	if wide { // VSCALEF makes infinities by itself, but takes hundreds of cycles to make a denormal
		return l.zeroWhereBelow(x, l.expMin(), l.expCore(l.atMost(l.atLeast(x, l.expMin()), l.expMax()+1), false))
	}
	y := l.expCore(l.atMost(l.atLeast(x, l.expMin()), l.expMax()), false)
	// The first float beyond the largest argument already brings y over the top.
	over := l.atLeast(l.addc(x, -l.expMax()), 0)
	y = l.fmac(over, pick(l.d, math.MaxFloat64, math.MaxFloat32), y)
	return l.zeroWhereBelow(x, l.expMin(), y)
}

// expCore is eˣ where the result is normal, by x = n·ln2 + r (Cody and Waite) and a polynomial in r. A gate's argument stays
// clear of the ends of the range, which lets it use 2ⁿ as a number, and NaN be NaN; and its polynomial has two short chains,
// for AVX2 has not the registers to hide a long one.
func (l num) expCore(x V, gate bool) V {
	n, t := l.nearest(x, math.Log2E)
	if l.d {
		r := l.fmac(n, -0.693147180369123816490, x)
		r = l.fmac(n, -1.90821492927058770002e-10, r)
		p := l.poly2(r, taylorExp(13)...)
		if gate && !wide {
			return l.mul(p, l.power(t))
		}
		return l.scale(p, n, t)
	}
	r := l.fmac(n, -0.693359375, x)
	r = l.fmac(n, 2.12194440e-4, r)
	poly := pick(gate && !wide, l.poly2, l.poly)
	// Minimax coefficients from Shibata and Petrogalli's SLEEF (2020).
	p := poly(r, 0.000198527617612853646278381, 0.00139304355252534151077271, 0.00833336077630519866943359,
		0.0416664853692054748535156, 0.166666671633720397949219, 0.5)
	p = l.fma(p, l.mul(r, r), r)
	if gate && !wide {
		s := l.power(t)
		return l.fma(p, s, s)
	}
	return l.scale(l.addc(p, 1), n, t)
}

// power is 2ⁿ as a number, for n clear of the ends of the range and t as nearest gives it.
func (l num) power(t V) V { return l.iadd(l.kbits(l.bits(1)), l.shl(t, l.mantissa())) }

// taylorExp is Σ rⁱ/i! to a degree, the highest first: below 2⁻⁵⁷ off for degree 13 and |r| < 0.347.
func taylorExp(degree int) []float64 {
	cs := make([]float64, degree+1)
	f := 1.0
	for i := range cs {
		if i > 0 {
			f *= float64(i)
		}
		cs[degree-i] = 1 / f
	}
	return cs
}

// scale is p·2ⁿ. AVX2 adds to the exponent, which takes a normal result, and can make a number of NaN.
func (l num) scale(p, n, t V) V {
	if wide {
		return l.op(g.VSCALEFPD, g.VSCALEFPS, n, p)
	}
	return l.iadd(p, l.shl(t, l.mantissa()))
}
