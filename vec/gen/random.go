package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func random() {
	f32.draw("uniforms", uniforms32)
	f32.draw("normals", normals32)
	f64.draw("uniforms", uniforms64)
	f64.draw("normals", normals64)
}

// draw emits a kernel that fills a tile, a row for each coordinate and a column for each slot, with what f makes of the
// words of a block: as many rows as f returns vectors.
//
// A lane of 64 bits holds a counter. In float32, where a vector has twice as many elements, two vectors of counters are
// those of even and odd slots, so that halves fall into place.
func (l num) draw(name string, f func(words [4]V) []V) {
	function(l.name(name), fmt.Sprintf("func(dst *%s, ld, rows, p int, k0, k1, first, stage, inner uint32)", l))
	arg := func(name string) Mem {
		b, err := g.Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		return b.Addr
	}
	load := func(name string) GPVirtual { return g.Load(g.Param(name), g.GP64()).(GPVirtual) }
	perBlock := pick(l.d, 2, 4)
	dst, ld, rows := load("dst"), load("ld"), load("rows")
	g.SHLQ(l.shift(), ld)
	block, slot, n, at := g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.XORQ(block, block)

	labels := 0
	group := func(lanes Op) {
		U = pick(l.d, 1, 2)
		counter := fresh()
		first := everywhere(slot)
		each(pick[any](wide, g.VPADDD, g.VPADDD), steps0(l), first, counter)
		if !l.d {
			U = 1
			copy(counter[1:], f64.iadd(counter[:1], f64.kbits(1)))
			U = 2
		}
		words := philox([4]V{counter, spread(everywhere(arg("stage"))), spread(everywhere(arg("inner"))), spread(everywhere(block))},
			[2]Op{everywhere(arg("k0")), everywhere(arg("k1"))})
		if !l.d {
			for i, w := range words {
				words[i] = join(w[0], w[1])
			}
		}
		U = 1
		row := g.GP64()
		g.MOVQ(at, row)
		for i, v := range f(words) {
			if i > 0 {
				g.CMPQ(rows, Imm(uint64(i)))
				g.JLE(LabelRef(fmt.Sprintf("stored%d", labels)))
				g.ADDQ(ld, row)
			}
			l.store(v[0], lanes, Mem{Base: row})
		}
		g.Label(fmt.Sprintf("stored%d", labels))
		labels++
		g.ADDQ(Imm(uint64(bytes())), at)
		g.ADDL(Imm(uint64(l.lanes())), slot.As32())
		g.SUBQ(Imm(uint64(l.lanes())), n)
	}

	g.Label("rows")
	g.MOVQ(dst, at)
	g.MOVQ(arg("p"), n)
	g.MOVL(arg("first"), slot.As32())
	g.CMPQ(n, Imm(uint64(l.lanes())))
	g.JLT(LabelRef("tail"))
	g.Label("main")
	group(nil)
	g.CMPQ(n, Imm(uint64(l.lanes())))
	g.JGE(LabelRef("main"))
	g.Label("tail")
	g.TESTQ(n, n)
	g.JZ(LabelRef("next"))
	group(l.laneMask(n))
	g.Label("next")
	for range perBlock {
		g.ADDQ(ld, dst)
	}
	g.INCL(block.As32())
	g.SUBQ(Imm(uint64(perBlock)), rows)
	g.JG(LabelRef("rows"))
	finish()
}

// steps0 are the slots of a vector of counters, from the first.
func steps0(l num) Mem { return steps(pick(l.d, 1, 2)) }

// join puts the low halves of the lanes of a into even lanes of 32 bits, those of b into odd ones.
func join(a, b Op) V {
	U = 1
	t := f64.shl(V{b}, 32)
	if wide {
		k, bits := g.K(), g.GP32()
		g.MOVL(U32(0x5555), bits)
		g.KMOVW(bits, k)
		g.VMOVDQU32(a, k, t[0])
	} else {
		g.VPBLENDD(Imm(0xaa), t[0], a, t[0])
	}
	return t
}

// uniforms32 are (⌊w/2⁹⌋ + ½)/2²³: mantissas of numbers in [1, 2).
func uniforms32(words [4]V) []V {
	l := f32
	var out []V
	for _, w := range words {
		u := l.or(l.shr(w, 9), l.kbits(l.bits(1)))
		out = append(out, l.addc(u, -(1-0x1p-24)))
	}
	return out
}

// normals32 is the transform of Box and Muller on words 0 and 1, and on 2 and 3.
func normals32(words [4]V) []V {
	l := f32
	if wide { // both at once
		U = 2
		c, s := l.boxMuller(V{words[0][0], words[2][0]}, V{words[1][0], words[3][0]})
		U = 1
		return []V{c[:1], s[:1], c[1:], s[1:]}
	}
	c0, s0 := l.boxMuller(words[0], words[1])
	c1, s1 := l.boxMuller(words[2], words[3])
	return []V{c0, s0, c1, s1}
}

// boxMuller is √(−2 log u)·(cos 2πv, sin 2πv) with u = (a+½)/2³² and v = ⌊b/2⁸⌋/2²⁴.
func (l num) boxMuller(a, b V) (c, s V) {
	u := l.fmac(l.fromUint32(a), 0x1p-32, l.k(0x1p-33))
	m, e := l.split(u)
	// Above ¾, where e = 0, rounding u would spoil 1−u: take it from the bits.
	f := l.fmac(l.fromInt32(l.xor(a, l.kbits(1<<32-1))), -0x1p-32, l.k(-0x1p-33))
	f = l.choose(l.below(u, 0.75), l.addc(m, -1), f)
	r := l.sqrt(l.mulc(l.logOf(f, e), -2))
	quarter := l.shr(l.iadd(b, l.kbits(1<<29)), 30)
	rest := l.mulc(l.fromInt32(l.shl(l.shr(b, 8), 10)), 2*math.Pi*0x1p-34)
	s, c = l.sinCosQuarter(rest, quarter)
	return l.mul(c, r), l.mul(s, r)
}

// fromUint32 converts, rounding once: AVX2 has no unsigned conversion.
func (l num) fromUint32(a V) V {
	if wide {
		return l.op(nil, g.VCVTUDQ2PS, a)
	}
	return l.fmac(l.fromInt32(l.shr(a, 16)), 65536, l.fromInt32(l.and(a, l.kbits(0xffff))))
}

func uniforms64(words [4]V) []V {
	return []V{uniform53(words[0], words[1]), uniform53(words[2], words[3])}
}

// uniform53 is (⌊w/2¹¹⌋ + ½)/2⁵³ of the 64 bits w of two words, the low one first.
func uniform53(low, high V) V {
	l := f64
	w := l.shr(l.or(l.shl(high, 32), l.and(low, l.kbits(1<<32-1))), 11)
	// Halves of 32 bits as mantissas of 2⁵² and 2⁸⁴; the sum of the two is exact.
	top := l.addc(l.or(l.shr(w, 32), l.kbits(l.bits(0x1p84))), -(0x1p84 + 0x1p52))
	bottom := l.or(l.and(w, l.kbits(1<<32-1)), l.kbits(l.bits(0x1p52)))
	return l.mulc(l.addc(l.add(top, bottom), 0.5), 0x1p-53)
}

func normals64(words [4]V) []V {
	l := f64
	r := l.sqrt(l.mulc(l.logCore(uniform53(words[0], words[1])), -2))
	s, c := l.sinCos2Pi(uniform53(words[2], words[3]))
	return []V{l.mul(c, r), l.mul(s, r)}
}
