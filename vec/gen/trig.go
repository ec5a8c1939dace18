package main

import "math"

// sinCos2Pi takes whole turns off t, exactly, then quarters, and swaps and signs sine and cosine of what is left (Cephes
// polynomials on ±π/4; Moshier 1989).
func (l num) sinCos2Pi(t V) (s, c V) {
	t = l.sub(t, l.round(t))
	q, n := l.nearest(t, 4)
	return l.sinCosQuarter(l.mulc(l.fmac(q, -0.25, t), 2*math.Pi), n)
}

// sinCosQuarter is sine and cosine of a + n·π/2, |a| ≤ π/4, of which the lowest two bits of n count.
func (l num) sinCosQuarter(a, n V) (s, c V) {
	z := l.mul(a, a)
	if l.d {
		s = l.poly(z, 1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6,
			-1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1)
		c = l.poly(z, -1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7,
			2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2, -0.5, 1)
	} else {
		s = l.poly(z, 2.718121e-6, -1.98393348e-4, 8.3333293e-3, -1.6666667e-1)
		c = l.poly(z, 2.43904487e-5, -1.38873162e-3, 4.16666456e-2, -0.5, 1)
	}
	s = l.fma(l.mul(s, z), a, a)
	// Bits 0 and 1 of n, where signs are: an odd quarter swaps the two, with a sign for what becomes the cosine.
	bit0 := l.shl(n, l.top())
	bit1 := l.and(l.shl(n, l.top()-1), l.sign())
	if !wide && !l.d { // cheaper than VBLENDVPS
		both := l.and(l.xor(s, c), l.sar32(bit0, 31))
		s, c = l.xor(s, both), l.xor(c, both)
	} else {
		odd := l.negative(bit0)
		s, c = l.choose(odd, c, s), l.choose(odd, s, c)
	}
	return l.xor(s, bit1), l.xor(c, l.xor(bit0, bit1))
}
