package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transposes emits kernels for square blocks of a matrix, 8×8 (float32) or 4×4 (float64), for either level. A wider
// block would gain nothing: stores are what it waits for.
func transposes() {
	for _, l := range []num{f32, f64} {
		side := 32 / l.size()
		function(l.name("transposeBlocks"), fmt.Sprintf("func(dst *%s, ldd int, src *%s, lds, rows, cols int)", l, l))
		arg := func(name string) GPVirtual { return g.Load(g.Param(name), g.GP64()).(GPVirtual) }
		stride := func(name string) GPVirtual { r := arg(name); g.SHLQ(l.shift(), r); return r }
		dst, ldd, src, lds := arg("dst"), stride("ldd"), arg("src"), stride("lds")
		rows, cols := arg("rows"), arg("cols")
		to, from, j := g.GP64(), g.GP64(), g.GP64()
		g.Label("strip")
		g.MOVQ(dst, to)
		g.MOVQ(src, from)
		g.MOVQ(cols, j)
		g.Label("block")
		if l.d {
			block4(to, ldd, from, lds)
		} else {
			block8(to, ldd, from, lds)
		}
		g.ADDQ(Imm(32), from)
		g.SUBQ(Imm(uint64(side)), j)
		g.JG(LabelRef("block"))
		g.ADDQ(Imm(32), dst)
		for range side {
			g.ADDQ(lds, src)
		}
		g.SUBQ(Imm(uint64(side)), rows)
		g.JG(LabelRef("strip"))
		finish()
	}
}

// halves returns the addresses of rows i and i+half at a column of 16-byte pieces.
func halves(src, lds GPVirtual, half int) (row func(i, piece int) (low, high Mem)) {
	mid, three := g.GP64(), g.GP64()
	g.LEAQ(Mem{Base: src, Index: lds, Scale: uint8(half)}, mid)
	g.LEAQ(Mem{Base: lds, Index: lds, Scale: 2}, three)
	at := func(p GPVirtual, i, piece int) Mem {
		m := Mem{Base: p, Disp: 16 * piece}
		switch i {
		case 1, 2:
			m.Index, m.Scale = lds, uint8(i)
		case 3:
			m.Index, m.Scale = three, 1
		}
		return m
	}
	return func(i, piece int) (Mem, Mem) { return at(src, i, piece), at(mid, i, piece) }
}

// pair loads 16 bytes of one row into the low half of a register and of another into the high half.
func pair(low, high Mem) VecVirtual {
	r := g.YMM()
	g.VMOVUPS(low, r.AsX())
	g.VINSERTF128(Imm(1), high, r, r)
	return r
}

// block8 transposes 8×8 of float32, four columns at a time, with rows i and i+4 in the halves of a register.
func block8(dst, ldd, src, lds GPVirtual) {
	rows := halves(src, lds, 4)
	for piece := range 2 {
		var r, t, o [4]VecVirtual
		for i := range r {
			r[i], t[i], o[i] = pair(rows(i, piece)), g.YMM(), g.YMM()
		}
		g.VUNPCKLPS(r[1], r[0], t[0])
		g.VUNPCKHPS(r[1], r[0], t[1])
		g.VUNPCKLPS(r[3], r[2], t[2])
		g.VUNPCKHPS(r[3], r[2], t[3])
		g.VUNPCKLPD(t[2], t[0], o[0])
		g.VUNPCKHPD(t[2], t[0], o[1])
		g.VUNPCKLPD(t[3], t[1], o[2])
		g.VUNPCKHPD(t[3], t[1], o[3])
		for _, v := range o {
			g.VMOVUPS(v, Mem{Base: dst})
			g.ADDQ(ldd, dst)
		}
	}
}

// block4 transposes 4×4 of float64, two columns at a time.
func block4(dst, ldd, src, lds GPVirtual) {
	rows := halves(src, lds, 2)
	for piece := range 2 {
		a, b := pair(rows(0, piece)), pair(rows(1, piece))
		lo, hi := g.YMM(), g.YMM()
		g.VUNPCKLPD(b, a, lo)
		g.VUNPCKHPD(b, a, hi)
		for _, v := range []VecVirtual{lo, hi} {
			g.VMOVUPS(v, Mem{Base: dst})
			g.ADDQ(ldd, dst)
		}
	}
}
