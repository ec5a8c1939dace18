package main

import "math"

// Ranges of the exponential: the largest and the smallest argument with a finite and a normal result, and the bound of the
// gates, beyond which they stay what they are there, so that nothing denormal ever leaves one.
func (l num) expMax() float64 { return pick(l.d, 709.782712893384, 88.72283) }
func (l num) expMin() float64 { return pick(l.d, -708.3964185322641, -87.33654) }
func (l num) gate() float64   { return pick(l.d, 708.39, 87.33) }

// exp is eˣ: 0 where that is not normal, +Inf where it is not finite. NaN goes through min and max.
func (l num) exp(x V) V {
	if wide { // VSCALEF makes infinities by itself
		return l.zeroWhereBelow(x, l.expMin(), l.expCore(l.atMost(x, l.expMax()+1), false))
	}
	y := l.expCore(l.atMost(l.atLeast(x, l.expMin()), l.expMax()), false)
	// The first float beyond the largest argument already brings y over the top.
	over := l.atLeast(l.addc(x, -l.expMax()), 0)
	y = l.fmac(over, pick(l.d, math.MaxFloat64, math.MaxFloat32), y)
	return l.zeroWhereBelow(x, l.expMin(), y)
}

// expCore is eˣ where the result is normal, by x = n·ln2 + r (Cody and Waite) and a polynomial in r; split chooses the form
// with two short chains, for kernels without much else to do meanwhile.
func (l num) expCore(x V, split bool) V {
	poly := l.poly
	if split {
		poly = l.poly2
	}
	n, t := l.nearest(x, math.Log2E)
	if l.d {
		r := l.fmac(n, -0.693147180369123816490, x)
		r = l.fmac(n, -1.90821492927058770002e-10, r)
		return l.scale(l.poly2(r, taylorExp(13)...), n, t)
	}
	r := l.fmac(n, -0.693359375, x)
	r = l.fmac(n, 2.12194440e-4, r)
	// Minimax coefficients from Shibata and Petrogalli's SLEEF (2020).
	p := poly(r, 0.000198527617612853646278381, 0.00139304355252534151077271, 0.00833336077630519866943359,
		0.0416664853692054748535156, 0.166666671633720397949219, 0.5)
	p = l.fma(p, l.mul(r, r), r)
	return l.scale(l.addc(p, 1), n, t)
}

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

// scale is p·2ⁿ. AVX2 adds to the exponent, which takes a normal result.
func (l num) scale(p, n, t V) V {
	if wide {
		return l.op(g.VSCALEFPD, g.VSCALEFPS, n, p)
	}
	return l.iadd(p, l.shl(t, l.mantissa()))
}
