package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An activation of jets: slopes makes h, h′, … up to an order from z, or from h where that is enough.
type activation struct {
	name   string
	slopes func(l num, x V, order int) []V
	fromH  func(l num, h V, order int) []V
}

func jets() {
	acts := []activation{
		{"Tanh", num.tanhSlopes, num.tanhFrom},
		{"Gelu", func(l num, x V, order int) []V { return gelu.slopes(l, x, order) }, nil},
		{"Silu", func(l num, x V, order int) []V { return silu.slopes(l, x, order) }, nil},
	}
	for _, l := range []num{f32, f64} {
		for _, a := range acts {
			for _, full := range []bool{true, false} {
				l.jet(a, full)
				l.jetBack(a, full)
			}
		}
	}
}

// A walk goes over the rows of a tile of jets, vectors of particles within a row. Its pointers stand at the value; off is
// the offset of the channel to look at.
type walk struct {
	l          num
	ptr        map[string]GPVirtual
	d, channel GPVirtual // number of gradients, bytes from channel to channel
	off        GPVirtual
	lanes      Op
	labels     int
}

func (w *walk) at(p string, moved bool, i int) Mem {
	m := Mem{Base: w.ptr[p], Disp: bytes() * i}
	if moved {
		m.Index, m.Scale = w.off, 1
	}
	return m
}

func (w *walk) load(p string, moved bool) V {
	r := fresh()
	for i, v := range r {
		w.l.load(w.at(p, moved, i), w.lanes, v)
	}
	return r
}

func (w *walk) store(v V, p string, moved bool) {
	for i := range v {
		w.l.store(v[i], w.lanes, w.at(p, moved, i))
	}
}

// eachGradient runs body for the channels of gradients and leaves off at the one after.
func (w *walk) eachGradient(body func()) {
	i := g.GP64()
	loop, done := fmt.Sprintf("gradient%d", w.labels), fmt.Sprintf("gradients%d", w.labels)
	w.labels++
	g.MOVQ(w.channel, w.off)
	g.MOVQ(w.d, i)
	g.TESTQ(i, i)
	g.JZ(LabelRef(done))
	g.Label(loop)
	body()
	g.ADDQ(w.channel, w.off)
	g.DECQ(i)
	g.JNZ(LabelRef(loop))
	g.Label(done)
}

// over emits a kernel with body for each group of vectors.
func (l num) over(name string, pointers []string, unroll int, body func(w *walk)) {
	sig := ""
	for _, p := range pointers {
		sig += fmt.Sprintf("%s *%s, ", p, l)
	}
	function(l.name(name), "func("+sig+"rows, d, p, ld int)")
	arg := func(name string) GPVirtual { return g.Load(g.Param(name), g.GP64()).(GPVirtual) }
	w := &walk{l: l, ptr: map[string]GPVirtual{}, d: arg("d"), channel: arg("p"), off: g.GP64()}
	row := g.GP64() // bytes from the end of a row's values to the next row
	g.Load(g.Param("ld"), row)
	g.SUBQ(w.channel, row)
	g.SHLQ(l.shift(), row)
	g.SHLQ(l.shift(), w.channel)
	for _, p := range pointers {
		w.ptr[p] = arg(p)
	}
	rows, n := arg("rows"), g.GP64()

	advance := func(by Op) {
		for _, p := range pointers {
			g.ADDQ(by, w.ptr[p])
		}
	}
	group := func() {
		body(w)
		advance(U32(bytes() * U))
		g.SUBQ(U32(l.lanes()*U), n)
	}
	g.Label("row")
	g.Load(g.Param("p"), n)
	U = unroll
	many := U32(l.lanes() * U)
	g.CMPQ(n, many)
	g.JLT(LabelRef("rest"))
	g.Label("main")
	group()
	g.CMPQ(n, many)
	g.JGE(LabelRef("main"))
	U = 1
	g.Label("rest")
	g.CMPQ(n, U32(0))
	g.JLE(LabelRef("next"))
	w.lanes = l.laneMask(n)
	group()
	g.JMP(LabelRef("rest"))
	g.Label("next")
	// n is what the last vector went beyond the row, as a number not above zero: step back to the row's end, then on.
	g.SHLQ(l.shift(), n)
	g.ADDQ(row, n)
	advance(n)
	g.DECQ(rows)
	g.JNZ(LabelRef("row"))
	finish()
}

// jet emits the activation of jets: with Laplacian and time derivative if full.
func (l num) jet(a activation, full bool) {
	name := pick(full, "jetLaplace", "jetGrad") + a.name
	l.over(name, []string{"dst", "z"}, pick(wide, 2, 1), func(w *walk) {
		s := a.slopes(l, w.load("z", false), pick(full, 2, 1))
		w.store(s[0], "dst", false)
		var sum V
		if full {
			sum = l.set(0)
		}
		w.eachGradient(func() {
			v := w.load("z", true)
			if full {
				l.acc(v, v, sum)
			}
			w.store(l.mul(s[1], v), "dst", true)
		})
		if full {
			w.store(l.fma(s[2], sum, l.mul(s[1], w.load("z", true))), "dst", true)
			g.ADDQ(w.channel, w.off)
			w.store(l.mul(s[1], w.load("z", true)), "dst", true)
		}
	})
}

// jetBack emits its adjoint, in place of the cotangents.
func (l num) jetBack(a activation, full bool) {
	name := pick(full, "jetLaplaceBack", "jetGradBack") + a.name
	l.over(name, []string{"bar", "z", "h"}, pick(wide, 2, 1), func(w *walk) {
		order := pick(full, 3, 2)
		var s []V
		if a.fromH != nil {
			s = a.fromH(l, w.load("h", false), order)
		} else {
			s = a.slopes(l, w.load("z", false), order)
		}
		mix := l.set(0)
		var sum, lap, twice V
		if full {
			sum = l.set(0)
			g.MOVQ(w.d, w.off)
			g.INCQ(w.off)
			g.IMULQ(w.channel, w.off)
			lap = w.load("bar", true)
			twice = l.mul(l.add(s[2], s[2]), lap)
		}
		w.eachGradient(func() {
			v, b := w.load("z", true), w.load("bar", true)
			l.acc(b, v, mix)
			out := l.mul(s[1], b)
			if full {
				l.acc(v, v, sum)
				l.acc(twice, v, out)
			}
			w.store(out, "bar", true)
		})
		if full {
			l.acc(lap, w.load("z", true), mix)
			w.store(l.mul(s[1], lap), "bar", true)
			g.ADDQ(w.channel, w.off)
			b := w.load("bar", true)
			l.acc(b, w.load("z", true), mix)
			w.store(l.mul(s[1], b), "bar", true)
		}
		b := l.mul(s[1], w.load("bar", false))
		l.acc(s[2], mix, b)
		if full {
			l.acc(l.mul(s[3], sum), lap, b)
		}
		w.store(b, "bar", false)
	})
}
