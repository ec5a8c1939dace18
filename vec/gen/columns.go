package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// columns emits log Σ exp down the columns of a matrix and, if asked, the weights exp(x − log Σ exp).
//
// The largest element m of a column is kept finite: a column of −Inf then has terms exp(−Inf − m) = 0, one with +Inf has
// exp(+Inf), and the logarithm of the sum makes −Inf and +Inf of them. NaN comes through the terms, whatever the maximum did
// to it.
func (l num) columns(name string, weights bool) {
	if weights {
		function(l.name(name), fmt.Sprintf("func(dst *%s, ldd int, lse, x *%s, rows, ld, n int)", l, l))
	} else {
		function(l.name(name), fmt.Sprintf("func(lse, x *%s, rows, ld, n int)", l))
	}
	r := pointers("lse", "x", "ld", "n")
	lse, x, ld, n := r[0], r[1], r[2], r[3]
	g.SHLQ(l.shift(), ld)
	var dst, ldd GPVirtual
	if weights {
		d := pointers("dst", "ldd")
		dst, ldd = d[0], d[1]
		g.SHLQ(l.shift(), ldd)
	}
	labels := 0
	at, to, i := g.GP64(), g.GP64(), g.GP64()
	load := func(p GPVirtual, lanes Op) V {
		v := fresh()
		for j := range v {
			l.load(Mem{Base: p, Disp: bytes() * j}, lanes, v[j])
		}
		return v
	}
	store := func(v V, p GPVirtual, lanes Op) {
		for j := range v {
			l.store(v[j], lanes, Mem{Base: p, Disp: bytes() * j})
		}
	}
	down := func(body func()) {
		loop, done := fmt.Sprintf("row%d", labels), fmt.Sprintf("rows%d", labels)
		labels++
		g.MOVQ(x, at)
		g.Load(g.Param("rows"), i)
		g.TESTQ(i, i)
		g.JZ(LabelRef(done))
		g.Label(loop)
		body()
		g.ADDQ(ld, at)
		g.DECQ(i)
		g.JNZ(LabelRef(loop))
		g.Label(done)
	}
	group := func(lanes Op) {
		largest := pick(l.d, math.MaxFloat64, math.MaxFloat32)
		m := l.set(-largest)
		down(func() { each(pick(l.d, g.VMAXPD, g.VMAXPS), load(at, lanes), m, m) })
		m = l.atMost(m, largest)
		sum := l.set(0)
		down(func() { each(pick(l.d, g.VADDPD, g.VADDPS), l.exp(l.sub(load(at, lanes), m)), sum, sum) })
		v := l.add(l.log(sum), m)
		store(v, lse, lanes)
		if weights {
			const equal = 0
			v = l.choose(l.compare(equal, v, l.k(math.Inf(1))), l.k(math.NaN()), v)
			v = l.choose(l.compare(equal, v, l.k(math.Inf(-1))), l.k(0), v)
			g.MOVQ(dst, to)
			down(func() {
				store(l.exp(l.sub(load(at, lanes), v)), to, lanes)
				g.ADDQ(ldd, to)
			})
		}
		for _, p := range []GPVirtual{lse, x, dst} {
			if p != nil {
				g.ADDQ(U32(bytes()*U), p)
			}
		}
		g.SUBQ(U32(l.lanes()*U), n)
	}
	U = pick(wide, 2, 1)
	many := U32(l.lanes() * U)
	g.CMPQ(n, many)
	g.JLT(LabelRef("rest"))
	g.Label("main")
	group(nil)
	g.CMPQ(n, many)
	g.JGE(LabelRef("main"))
	U = 1
	g.Label("rest")
	g.CMPQ(n, U32(0))
	g.JLE(LabelRef("end"))
	group(l.laneMask(n))
	g.JMP(LabelRef("rest"))
	g.Label("end")
	finish()
}
