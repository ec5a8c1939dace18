package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func reductions() {
	for _, l := range []num{f32, f64} {
		l.total("sum", []string{"x"})
		l.total("dot", []string{"a", "b"})
		l.dotRows()
		l.columns("logSumExpRows", false)
		l.columns("softmaxRows", true)
	}
	convert("widen32", f64, f32)
	convert("narrow32", f32, f64)
}

// pointers loads arguments into registers.
func pointers(names ...string) []GPVirtual {
	var r []GPVirtual
	for _, n := range names {
		r = append(r, g.Load(g.Param(n), g.GP64()).(GPVirtual))
	}
	return r
}

// half is the lower half of a vector: as many float32 as a vector has float64.
func half(v Op) Op {
	if wide {
		return v.(VecVirtual).AsY()
	}
	return v.(VecVirtual).AsX()
}

// widened loads U vectors of float64 from elements of type l.
func (l num) widened(p GPVirtual) V {
	r := fresh()
	for i, v := range r {
		m := Mem{Base: p, Disp: f64.lanes() * l.size() * i}
		if l.d {
			g.VMOVUPD(m, v)
		} else {
			g.VCVTPS2PD(m, v)
		}
	}
	return r
}

// total emits Σ x or Σ a·b in float64: four vectors of partial sums, the first of which takes what fills no group, and a
// scalar for the rest.
func (l num) total(name string, args []string) {
	sig := ""
	for _, a := range args {
		sig += fmt.Sprintf("%s *%s, ", a, l)
	}
	function(l.name(name), "func("+sig+"n int) float64")
	ptr := pointers(args...)
	n := pointers("n")[0]
	const groups = 4
	U = groups
	acc := f64.set(0)
	last := g.XMM()
	g.VXORPD(last, last, last)
	add := func() {
		v := l.widened(ptr[0])
		if len(ptr) == 2 {
			f64.acc(v, l.widened(ptr[1]), acc[:U])
		} else {
			each(g.VADDPD, v, acc[:U], acc[:U])
		}
		for _, p := range ptr {
			g.ADDQ(U32(f64.lanes()*l.size()*U), p)
		}
		g.SUBQ(U32(f64.lanes()*U), n)
	}
	loop := func(label, next string, step int, body func()) {
		g.Label(label)
		g.CMPQ(n, U32(step))
		g.JLT(LabelRef(next))
		body()
		g.JMP(LabelRef(label))
		g.Label(next)
	}
	loop("groups", "vectors", f64.lanes()*groups, add)
	U = 1
	loop("single", "scalars", f64.lanes(), add)
	one := func(p GPVirtual) Op {
		x := g.XMM()
		if l.d {
			g.VMOVSD(Mem{Base: p}, x)
		} else {
			g.VXORPS(x, x, x)
			g.VCVTSS2SD(Mem{Base: p}, x, x)
		}
		return x
	}
	loop("element", "done", 1, func() {
		x := one(ptr[0])
		if len(ptr) == 2 {
			g.VFMADD231SD(one(ptr[1]), x, last)
		} else {
			g.VADDSD(x, last, last)
		}
		for _, p := range ptr {
			g.ADDQ(Imm(uint64(l.size())), p)
		}
		g.DECQ(n)
	})
	for gap := groups / 2; gap > 0; gap /= 2 {
		for i := range gap {
			g.VADDPD(acc[i+gap], acc[i], acc[i])
		}
	}
	x := f64.across(acc[0])
	g.VADDSD(last, x, x)
	g.Store(x, g.ReturnIndex(0))
	finish()
}

// across is the sum over the lanes of a vector.
func (l num) across(v Op) VecVirtual {
	add := func(a, b, r Op) { emit(pick(l.d, g.VADDPD, g.VADDPS), []Op{a, b, r}) }
	if wide {
		t := g.YMM()
		g.VEXTRACTF64X4(Imm(1), v, t)
		add(v.(VecVirtual).AsY(), t, t)
		v = t
	}
	x := g.XMM()
	g.VEXTRACTF128(Imm(1), v, x)
	add(v.(VecVirtual).AsX(), x, x)
	if l.d {
		g.VHADDPD(x, x, x)
		return x
	}
	g.VHADDPS(x, x, x)
	g.VHADDPS(x, x, x)
	return x
}

// dotRows emits dst[i·ds] += Σ a[i·lda+j]·b[j].
func (l num) dotRows() {
	function(l.name("dotRows"), fmt.Sprintf("func(dst *%s, ds int, a *%s, rows, lda int, b *%s, n int)", l, l, l))
	r := pointers("dst", "ds", "a", "rows", "lda", "b", "n")
	dst, ds, a, rows, lda, b, n := r[0], r[1], r[2], r[3], r[4], r[5], r[6]
	g.SHLQ(l.shift(), ds)
	g.SHLQ(l.shift(), lda)
	off, left := g.GP64(), g.GP64()
	const unroll = 2
	g.Label("row")
	U = unroll
	acc := l.set(0)
	g.XORQ(off, off)
	g.MOVQ(n, left)
	add := func(lanes Op) {
		load := func(p GPVirtual) V {
			v := fresh()
			for i := range v {
				l.load(Mem{Base: p, Index: off, Scale: 1, Disp: bytes() * i}, lanes, v[i])
			}
			return v
		}
		l.acc(load(a), load(b), acc[:U])
		g.ADDQ(U32(bytes()*U), off)
		g.SUBQ(U32(l.lanes()*U), left)
	}
	g.CMPQ(left, U32(l.lanes()*U))
	g.JLT(LabelRef("rest"))
	g.Label("main")
	add(nil)
	g.CMPQ(left, U32(l.lanes()*U))
	g.JGE(LabelRef("main"))
	U = 1
	g.Label("rest")
	g.CMPQ(left, U32(0))
	g.JLE(LabelRef("done"))
	add(l.laneMask(left))
	g.JMP(LabelRef("rest"))
	g.Label("done")
	s := l.across(l.add(acc[:1], acc[1:])[0])
	if l.d {
		g.VADDSD(Mem{Base: dst}, s, s)
		g.VMOVSD(s, Mem{Base: dst})
	} else {
		g.VADDSS(Mem{Base: dst}, s, s)
		g.VMOVSS(s, Mem{Base: dst})
	}
	g.ADDQ(ds, dst)
	g.ADDQ(lda, a)
	g.DECQ(rows)
	g.JNZ(LabelRef("row"))
	finish()
}

// convert emits a conversion between the two types.
func convert(name string, to, from num) {
	function(name, fmt.Sprintf("func(dst *%s, x *%s, n int)", to, from))
	r := pointers("dst", "x", "n")
	dst, x, n := r[0], r[1], r[2]
	lanes := f64.lanes()
	g.Label("vectors")
	g.CMPQ(n, U32(lanes))
	g.JLT(LabelRef("scalars"))
	v := vec()
	if to.d {
		g.VCVTPS2PD(Mem{Base: x}, v)
		g.VMOVUPD(v, Mem{Base: dst})
	} else {
		g.VMOVUPD(Mem{Base: x}, v)
		if wide {
			g.VCVTPD2PS(v, half(v))
		} else {
			g.VCVTPD2PSY(v, half(v))
		}
		g.VMOVUPS(half(v), Mem{Base: dst})
	}
	g.ADDQ(Imm(uint64(lanes*from.size())), x)
	g.ADDQ(Imm(uint64(lanes*to.size())), dst)
	g.SUBQ(Imm(uint64(lanes)), n)
	g.JMP(LabelRef("vectors"))
	g.Label("scalars")
	g.TESTQ(n, n)
	g.JZ(LabelRef("done"))
	s := g.XMM()
	g.VXORPS(s, s, s)
	if to.d {
		g.VCVTSS2SD(Mem{Base: x}, s, s)
		g.VMOVSD(s, Mem{Base: dst})
	} else {
		g.VCVTSD2SS(Mem{Base: x}, s, s)
		g.VMOVSS(s, Mem{Base: dst})
	}
	g.ADDQ(Imm(uint64(from.size())), x)
	g.ADDQ(Imm(uint64(to.size())), dst)
	g.DECQ(n)
	g.JMP(LabelRef("scalars"))
	g.Label("done")
	finish()
}
