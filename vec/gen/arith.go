package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
)

func (l num) mul(a, b V) V { return l.op(g.VMULPD, g.VMULPS, a, b) }
func (l num) add(a, b V) V { return l.op(g.VADDPD, g.VADDPS, a, b) }
func (l num) sub(a, b V) V { return l.op(g.VSUBPD, g.VSUBPS, b, a) }
func (l num) div(a, b V) V { return l.op(g.VDIVPD, g.VDIVPS, b, a) }
func (l num) sqrt(a V) V   { return l.op(g.VSQRTPD, g.VSQRTPS, a) }

// max and min return b where either is NaN: put the variable there.
func (l num) max(a, b V) V { return l.op(g.VMAXPD, g.VMAXPS, b, a) }
func (l num) min(a, b V) V { return l.op(g.VMINPD, g.VMINPS, b, a) }

func (l num) mulc(a V, x float64) V {
	if wide {
		return l.op(g.VMULPD_BCST, g.VMULPS_BCST, l.mem(x), a)
	}
	return l.mul(l.k(x), a)
}

func (l num) addc(a V, x float64) V {
	if wide {
		return l.op(g.VADDPD_BCST, g.VADDPS_BCST, l.mem(x), a)
	}
	return l.add(l.k(x), a)
}

// atLeast and atMost let NaN through.
func (l num) atLeast(a V, x float64) V { return l.max(l.k(x), a) }
func (l num) atMost(a V, x float64) V  { return l.min(l.k(x), a) }

// fma is a·b + c, fnma c − a·b, fmac a·x + c.
func (l num) fma(a, b, c V) V  { r := l.copy(c); l.acc(a, b, r); return r }
func (l num) fnma(a, b, c V) V { r := l.copy(c); l.nacc(a, b, r); return r }

func (l num) fmac(a V, x float64, c V) V {
	if !wide {
		return l.fma(a, l.k(x), c)
	}
	r := l.copy(c)
	each(pick(l.d, g.VFMADD231PD_BCST, g.VFMADD231PS_BCST), l.mem(x), a, r)
	return r
}

// acc adds a·b to c in place, nacc takes it off.
func (l num) acc(a, b, c V)  { each(pick(l.d, g.VFMADD231PD, g.VFMADD231PS), a, b, c) }
func (l num) nacc(a, b, c V) { each(pick(l.d, g.VFNMADD231PD, g.VFNMADD231PS), a, b, c) }

// step is p = p·r + x in place.
func (l num) step(p, r V, x float64) {
	if wide {
		each(pick(l.d, g.VFMADD213PD_BCST, g.VFMADD213PS_BCST), l.mem(x), r, p)
	} else {
		each(pick(l.d, g.VFMADD213PD, g.VFMADD213PS), l.k(x), r, p)
	}
}

// poly is the polynomial with coefficients cs, highest first, by Horner.
func (l num) poly(r V, cs ...float64) V {
	p := l.fmac(r, cs[0], l.k(cs[1]))
	for _, x := range cs[2:] {
		l.step(p, r, x)
	}
	return p
}

// poly2 is poly by even and odd powers: two chains of half the length. cs has an even number of elements.
func (l num) poly2(r V, cs ...float64) V {
	var odd, even []float64
	for i, c := range cs {
		if (len(cs)-1-i)%2 == 0 {
			even = append(even, c)
		} else {
			odd = append(odd, c)
		}
	}
	r2 := l.mul(r, r)
	return l.fma(l.poly(r2, odd...), r, l.poly(r2, even...))
}

// rcp is 1/a. AVX2 divides, which is as fast as VRCPPS with a Newton step, and the same on every processor. AVX-512 does not
// in float32: a division there is slow, and VRCP14PS is one table for all.
func (l num) rcp(a V) V {
	if l.d || !wide {
		return l.div(l.k(1), a)
	}
	r := l.op(nil, g.VRCP14PS, a)
	e := l.fnma(a, r, l.k(1))
	each(g.VFMADD231PS, r, e, r)
	return r
}

// Bit patterns, by lanes of the width of an element.

func (l num) iop(q512, d512, avx any, ops ...any) V {
	if !wide {
		return l.op(avx, avx, ops...)
	}
	return l.op(q512, d512, ops...)
}

func (l num) and(a, b V) V  { return l.iop(g.VPANDQ, g.VPANDD, g.VPAND, a, b) }
func (l num) or(a, b V) V   { return l.iop(g.VPORQ, g.VPORD, g.VPOR, a, b) }
func (l num) xor(a, b V) V  { return l.iop(g.VPXORQ, g.VPXORD, g.VPXOR, a, b) }
func (l num) iadd(a, b V) V { return l.op(g.VPADDQ, g.VPADDD, a, b) }
func (l num) isub(a, b V) V { return l.op(g.VPSUBQ, g.VPSUBD, b, a) }
func (l num) shl(a V, n int) V {
	return l.op(g.VPSLLQ, g.VPSLLD, Imm(uint64(n)), a)
}
func (l num) shr(a V, n int) V {
	return l.op(g.VPSRLQ, g.VPSRLD, Imm(uint64(n)), a)
}
func (l num) sar32(a V, n int) V { return l.op(nil, g.VPSRAD, Imm(uint64(n)), a) }
func (l num) fromInt32(a V) V    { return l.op(nil, g.VCVTDQ2PS, a) }

func (l num) mantissa() int { return pick(l.d, 52, 23) }
func (l num) top() int      { return pick(l.d, 63, 31) }
func (l num) sign() V       { return l.kbits(1 << l.top()) }
func (l num) abs(a V) V     { return l.and(a, l.kbits(1<<l.top()-1)) }

// below is where a < x; NaN is not.
func (l num) below(a V, x float64) mask { return l.less(a, l.k(x)) }
func (l num) less(a, b V) mask {
	const lessQuiet = 17
	return l.compare(lessQuiet, a, b)
}

func (l num) compare(predicate uint64, a, b V) mask {
	m := make(mask, U)
	for i := range m {
		m[i] = pick[Op](wide, g.K(), g.YMM())
	}
	each(pick[any](l.d, g.VCMPPD, g.VCMPPS), Imm(predicate), b, a, m)
	return m
}

// choose is a where m, else b.
func (l num) choose(m mask, a, b V) V {
	if wide {
		return l.op(g.VBLENDMPD, g.VBLENDMPS, a, b, m)
	}
	return l.op(g.VBLENDVPD, g.VBLENDVPS, m, a, b)
}

// negative is where the sign bit is set.
func (l num) negative(a V) mask {
	if !wide {
		return mask(a)
	}
	m := make(mask, U)
	for i := range m {
		m[i] = g.K()
	}
	each(pick[any](l.d, g.VPMOVQ2M, g.VPMOVD2M), a, m)
	return m
}

// zeroWhere is 0 where a < x, else y.
func (l num) zeroWhereBelow(a V, x float64, y V) V {
	if wide {
		const notLessQuiet = 21
		return l.op(g.VMOVAPD_Z, g.VMOVAPS_Z, y, l.compare(notLessQuiet, a, l.k(x)))
	}
	return l.op(g.VANDNPD, g.VANDNPS, y, l.below(a, x))
}

// nearest rounds x·c to an integer: n, and t, whose low bits hold it in two's complement (1.5·2²³, or 2⁵², plus it).
func (l num) nearest(x V, c float64) (n, t V) {
	magic := 1.5 * math.Ldexp(1, l.mantissa())
	t = l.fmac(x, c, l.k(magic))
	return l.addc(t, -magic), t
}

// round is the nearest integer, halves to even.
func (l num) round(a V) V {
	const nearestQuiet = 8
	if wide {
		return l.op(g.VRNDSCALEPD, g.VRNDSCALEPS, Imm(nearestQuiet), a)
	}
	return l.op(g.VROUNDPD, g.VROUNDPS, Imm(nearestQuiet), a)
}
