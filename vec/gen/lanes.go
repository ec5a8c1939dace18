package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// laneMask selects the first n lanes of a vector, all if n is as many or more; n is positive and kept.
func (l num) laneMask(n GPVirtual) Op {
	if wide {
		m := make([]Op, 1)
		l.laneMasks(n, m)
		return m[0]
	}
	w, t := g.GP64(), g.GP64()
	g.MOVQ(U32(l.lanes()), w)
	g.CMPQ(n, w)
	g.CMOVQLT(n, w)
	g.SHLQ(l.shift(), w)
	g.LEAQ(window().Offset(bytes()), t)
	g.SUBQ(w, t)
	m := g.YMM()
	g.VMOVUPS(Mem{Base: t}, m)
	return m
}

// window is a vector of ones before one of zeros: looked at from the right place, any mask.
func window() Mem {
	const name = "window"
	if m, ok := consts[name]; ok {
		return m
	}
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		g.AppendDatum(U64(pick[uint64](i < 4, 1<<64-1, 0)))
	}
	consts[name] = m
	return m
}

// laneMasks is laneMask for the lanes of several vectors in a row (AVX-512): the lowest n bits, cut into masks.
func (l num) laneMasks(n GPVirtual, masks []Op) {
	ones := g.GP64()
	w := g.GP64()
	g.MOVQ(U32(l.lanes()*len(masks)), w)
	g.CMPQ(n, w)
	g.CMOVQLT(n, w)
	g.MOVQ(U64(1<<64-1), ones)
	g.BZHIQ(w, ones, ones)
	for i := range masks {
		k := g.K()
		g.KMOVW(ones.As32(), k)
		masks[i] = k
		if i+1 < len(masks) {
			g.SHRQ(Imm(uint64(l.lanes())), ones)
		}
	}
}

func (l num) load(m Mem, lanes, v Op) {
	switch {
	case lanes == nil:
		g.VMOVUPS(m, v)
	case wide && l.d:
		g.VMOVUPD_Z(m, lanes, v)
	case wide:
		g.VMOVUPS_Z(m, lanes, v)
	case l.d:
		g.VMASKMOVPD(m, lanes, v)
	default:
		g.VMASKMOVPS(m, lanes, v)
	}
}

func (l num) store(v, lanes Op, m Mem) {
	switch {
	case lanes == nil:
		g.VMOVUPS(v, m)
	case wide && l.d:
		g.VMOVUPD(v, lanes, m)
	case wide:
		g.VMOVUPS(v, lanes, m)
	case l.d:
		g.VMASKMOVPD(v, lanes, m)
	default:
		g.VMASKMOVPS(v, lanes, m)
	}
}
