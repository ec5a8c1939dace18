package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gathers emits dst[i] = src[index[i]] with the test of the indices beside it: lanes whose index is not below size, as an
// unsigned number, read nothing, and ok is then 0. size is positive.
func gathers() {
	for _, l := range []num{f32, f64} {
		function(l.name("gather"), fmt.Sprintf("func(dst, src *%s, index *int32, n, size int) (ok int)", l))
		r := pointers("dst", "src", "index", "n", "size")
		dst, src, index, n, size := r[0], r[1], r[2], r[3], r[4]
		g.DECQ(size)
		last, largest, low := indices(l), indices(l), g.XMM()
		g.VMOVD(size.As32(), low)
		g.VPBROADCASTD(low, last)
		zero(largest)
		group := func(part bool) {
			var lanes Op
			if part {
				lanes = l.laneMask(n)
			}
			at, least, v := indices(l), indices(l), vec()
			l.loadIndices(Mem{Base: index}, n, lanes, at)
			from := Mem{Base: src, Index: at, Scale: uint8(l.size())}
			g.VPMAXUD(at, largest, largest)
			g.VPMINUD(at, last, least)
			zero(v)
			if wide {
				k := g.K()
				g.VPCMPEQD(at, least, k)
				emit(pick[any](l.d, g.VGATHERDPD, g.VGATHERDPS), []Op{from, k, v})
			} else {
				in := g.YMM()
				g.VPCMPEQD(at, least, least)
				emit(pick[any](l.d, g.VPMOVSXDQ, g.VMOVDQA), []Op{least, in})
				emit(pick[any](l.d, g.VGATHERDPD, g.VGATHERDPS), []Op{in, from, v})
			}
			l.store(v, lanes, Mem{Base: dst})
			g.ADDQ(U32(bytes()), dst)
			g.ADDQ(U32(4*l.lanes()), index)
			g.SUBQ(U32(l.lanes()), n)
		}
		many := U32(l.lanes())
		g.CMPQ(n, many)
		g.JLT(LabelRef("rest"))
		g.Label("main")
		group(false)
		g.CMPQ(n, many)
		g.JGE(LabelRef("main"))
		g.Label("rest")
		g.CMPQ(n, U32(0))
		g.JLE(LabelRef("end"))
		group(true)
		g.Label("end")
		ok := g.GP64()
		g.XORQ(ok, ok)
		if wide {
			const above = 6
			k := g.K()
			g.VPCMPUD(Imm(above), last, largest, k)
			g.KORTESTW(k, k)
		} else {
			m := g.GP32()
			g.VPMINUD(largest, last, last)
			g.VPCMPEQD(largest, last, last)
			g.VMOVMSKPS(last, m)
			g.CMPL(m, U32(1<<l.lanes()-1))
		}
		g.SETEQ(ok.As8())
		g.Store(ok, g.ReturnIndex(0))
		finish()
	}
}

// indices is a register for as many indices as a vector has elements.
func indices(l num) VecVirtual {
	switch {
	case wide && !l.d:
		return g.ZMM()
	case !wide && l.d:
		return g.XMM()
	}
	return g.YMM()
}

// loadIndices loads the next indices; with lanes, the mask of n elements, the first n, and 0 for the others.
func (l num) loadIndices(m Mem, n GPVirtual, lanes, v Op) {
	switch {
	case lanes == nil && wide:
		g.VMOVDQU32(m, v)
	case lanes == nil:
		g.VMOVDQU(m, v)
	case wide:
		g.VMOVDQU32_Z(m, lanes, v)
	case l.d: // a mask of half the width, for n below 4
		at, size, x := g.GP64(), g.GP64(), g.XMM()
		g.LEAQ(window().Offset(bytes()), at)
		g.MOVQ(n, size)
		g.SHLQ(Imm(2), size)
		g.SUBQ(size, at)
		g.VMOVUPS(Mem{Base: at}, x)
		g.VPMASKMOVD(m, x, v)
	default:
		g.VPMASKMOVD(m, lanes, v)
	}
}
