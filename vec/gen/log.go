package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
)

// log is the logarithm: −Inf of zeros, NaN of numbers below.
func (l num) log(x V) V {
	if wide {
		return l.logSpecials(x, l.logCore(x))
	}
	// AVX2 takes mantissas apart as integers: denormals are scaled first.
	tiny := l.below(x, math.Ldexp(1, pick(l.d, -1022, -126)))
	up := pick(l.d, 54.0, 24.0)
	m, e := l.split(l.choose(tiny, l.mulc(x, math.Exp2(up)), x))
	e = l.choose(tiny, l.addc(e, -up), e)
	return l.logSpecials(x, l.logOf(l.addc(m, -1), e))
}

// logCore is the logarithm of a positive, normal, finite number.
func (l num) logCore(x V) V {
	m, e := l.split(x)
	return l.logOf(l.addc(m, -1), e)
}

// split takes x = m·2ᵉ apart, m in [0.75, 1.5), for x positive, normal and finite (AVX-512: any positive x).
func (l num) split(x V) (m, e V) {
	if wide {
		m = l.op(g.VGETMANTPD, g.VGETMANTPS, Imm(0x0b), x)
		e = l.op(g.VGETEXPPD, g.VGETEXPPS, x)
		each(pick(l.d, g.VADDPD_BCST, g.VADDPS_BCST), l.mem(1), e, l.below(m, 1), e)
		return m, e
	}
	if l.d { // there is no shift of 64 bits that keeps the sign, nor a conversion: biased by 1023, through 2⁵²
		const two52 = 1 << 52
		y := l.iadd(x, l.kbits(1023<<52))
		i := l.isub(y, l.kbits(math.Float64bits(0.75)))
		e = l.addc(l.or(l.shr(i, 52), l.kbits(math.Float64bits(two52))), -(two52 + 1023))
		return l.isub(y, l.and(i, l.kbits(0xfff<<52))), e
	}
	i := l.sar32(l.isub(x, l.kbits(uint64(math.Float32bits(0.75)))), 23)
	return l.isub(x, l.shl(i, 23)), l.fromInt32(i)
}

// logOf is log(1+f) + e·ln2, by log(1+f) = 2 artanh s = f − s·f + s·P(s²), s = f/(2+f), in which f is exact.
func (l num) logOf(f, e V) V {
	if l.d {
		s := l.div(f, l.addc(f, 2))
		z := l.mul(s, s)
		var cs []float64
		for k := 10; k >= 1; k-- {
			cs = append(cs, 2/float64(2*k+1))
		}
		y := l.mul(s, l.mul(l.poly(z, cs...), z))
		y = l.fmac(e, 1.90821492927058770002e-10, y)
		y = l.add(l.fnma(s, f, y), f)
		return l.fmac(e, 0.693147180369123816490, y)
	}
	var s V
	if wide {
		s = l.mul(f, l.rcp(l.addc(f, 2)))
	} else {
		s = l.div(f, l.addc(f, 2))
	}
	z := l.mul(s, s)
	// Minimax coefficients from Shibata and Petrogalli's SLEEF (2020).
	p := l.poly(z, 0.2371599674224853515625, 0.285279005765914916992188, 0.400005519390106201171875, 0.666666567325592041015625)
	y := l.add(l.fnma(s, f, l.mul(s, l.mul(p, z))), f)
	return l.fmac(e, math.Ln2, y)
}

// logSpecials puts the logarithms of zeros, infinities, NaN and negative numbers x into y.
func (l num) logSpecials(x, y V) V {
	if wide {
		// By class of x: NaN to itself, zero to −Inf, +Inf to itself, what is negative to NaN; one and positive stay y.
		const table = 0x03530422
		y = l.copy(y)
		each(pick(l.d, g.VFIXUPIMMPD_BCST, g.VFIXUPIMMPS_BCST), Imm(0), word(table, l.size()), x, y)
		return y
	}
	const equalQuiet, notLessQuiet = 0, 21
	y = l.choose(l.below(x, 0), l.k(math.NaN()), y)
	y = l.choose(l.compare(equalQuiet, x, l.k(0)), l.k(math.Inf(-1)), y)
	return l.choose(l.compare(notLessQuiet, x, l.k(math.Inf(1))), x, y)
}

// log1p is log(1+x): with 1+x = m·2ᵉ, f = m−1 is (2⁻ᵉ−1) + 2⁻ᵉ·x in one rounding, but for large x, where 1 is lost.
func (l num) log1p(x V) V {
	u := l.addc(x, 1)
	return l.logSpecials(u, l.log1pCore(x, u))
}

func (l num) log1pCore(x, u V) V {
	m, e := l.split(u)
	one := l.k(1)
	s := l.scaleOne(e)
	f := l.choose(l.below(x, math.Ldexp(1, l.mantissa()+2)), l.fma(x, s, l.sub(s, one)), l.addc(m, -1))
	return l.logOf(f, e)
}

// scaleOne is 2⁻ᵉ for an integer e of moderate size.
func (l num) scaleOne(e V) V {
	if wide {
		return l.op(g.VSCALEFPD, g.VSCALEFPS, l.sub(l.k(0), e), l.k(1))
	}
	_, t := l.nearest(e, -1)
	return l.power(t)
}

// softplus is max(x, 0) + log(1+e^{−|x|}), its second term 0 where it is not normal.
func (l num) softplus(x V) V {
	low := l.sub(l.k(0), l.abs(x))
	e := l.zeroWhereBelow(low, l.expMin(), l.expCore(l.atLeast(low, l.expMin()), true))
	return l.add(l.log1pCore(e, l.addc(e, 1)), l.atLeast(x, 0))
}
