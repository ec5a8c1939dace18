package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// philox is Philox4x32-10 (Salmon et al. 2011) on the words of a counter, one in the low half of each lane of 64 bits; what
// is in the high halves does not matter, before or after. The key, in 32-bit lanes, is used up.
func philox(x [4]V, key [2]Op) [4]V {
	const mul0, mul1, weyl0, weyl1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
	m0, m1 := f64.kbits(mul0), f64.kbits(mul1)
	for round := range 10 {
		p0 := f64.op(g.VPMULUDQ, nil, x[0], m0)
		h0 := f64.shr(p0, 32)
		xor2(h0, x[3], key[1])
		p1 := f64.op(g.VPMULUDQ, nil, x[2], m1)
		h1 := f64.shr(p1, 32)
		xor2(h1, x[1], key[0])
		x = [4]V{h1, p1, h0, p0}
		if round < 9 {
			bump(key[0], weyl0)
			bump(key[1], weyl1)
		}
	}
	return x
}

// xor2 is a ^= b ^ k in place.
func xor2(a, b V, k Op) {
	if wide {
		each(g.VPTERNLOGQ, Imm(0x96), k, b, a)
		return
	}
	each(g.VPXOR, b, a, a)
	each(g.VPXOR, k, a, a)
}

// bump adds c to every 32-bit lane of k in place.
func bump(k Op, c uint64) {
	if wide {
		g.VPADDD_BCST(word(c, 4), k, k)
		return
	}
	t := g.YMM()
	g.VPBROADCASTD(word(c, 4), t)
	g.VPADDD(t, k, k)
}

// everywhere broadcasts a word: an argument of the kernel, or a general register.
func everywhere(w Op) Op {
	v := vec()
	switch r := w.(type) {
	case GPVirtual:
		if wide {
			g.VPBROADCASTD(r.As32(), v)
		} else {
			x := g.XMM()
			g.VMOVD(r.As32(), x)
			g.VPBROADCASTD(x, v)
		}
	default:
		g.VBROADCASTSS(w, v)
	}
	return v
}

// steps is the table 0, by, 2·by, … in 64-bit lanes.
func steps(by int) Mem {
	name := pick(by == 2, "evens", "naturals")
	if m, ok := consts[name]; ok {
		return m
	}
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		g.AppendDatum(U64(uint64(by * i)))
	}
	consts[name] = m
	return m
}
