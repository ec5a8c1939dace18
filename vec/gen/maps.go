package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A mapping is a kernel that goes over slices element by element.
type mapping struct {
	name      string
	outs, ins []string
	scalars   []string // further arguments, the same for all elements
	readsOut  bool     // outs are arguments too, after ins
	unroll    int      // vectors in flight
	f         func(in, scalars []V) []V

	// quick, if any, is f for a group of vectors none of which is special: same bits, fewer steps. special is a vector
	// with a sign bit set in a lane that is.
	quick   func(in []V) []V
	special func(in []V) V
}

// emit writes the kernel: groups of vectors, then one vector at a time with what is left masked, by the same formula, so
// that no result depends on its place.
func (l num) emit(m mapping) {
	var sig []string
	for _, p := range append(append([]string{}, m.outs...), m.ins...) {
		sig = append(sig, fmt.Sprintf("%s *%s", p, l))
	}
	sig = append(sig, "n int")
	for _, p := range m.scalars {
		sig = append(sig, fmt.Sprintf("%s %s", p, l))
	}
	function(l.name(m.name), "func("+strings.Join(sig, ", ")+")")

	ptr := map[string]GPVirtual{}
	for _, p := range append(append([]string{}, m.outs...), m.ins...) {
		ptr[p] = g.Load(g.Param(p), g.GP64()).(GPVirtual)
	}
	n := g.Load(g.Param("n"), g.GP64()).(GPVirtual)
	var fixed []Op
	for _, s := range m.scalars {
		b, err := g.Param(s).Resolve()
		if err != nil {
			panic(err)
		}
		U = 1
		fixed = append(fixed, l.broadcast(b.Addr)[0])
	}

	args := m.ins
	if m.readsOut {
		args = append(append([]string{}, m.ins...), m.outs...)
	}
	load := func(lanes Op) []V {
		var in []V
		for _, p := range args {
			x := fresh()
			for i, v := range x {
				l.load(Mem{Base: ptr[p], Disp: bytes() * i}, lanes, v)
			}
			in = append(in, x)
		}
		return in
	}
	save := func(out []V, lanes Op) {
		for j, p := range m.outs {
			for i, v := range out[j] {
				l.store(v, lanes, Mem{Base: ptr[p], Disp: bytes() * i})
			}
		}
		for _, p := range append(append([]string{}, m.outs...), m.ins...) {
			g.ADDQ(U32(bytes()*U), ptr[p])
		}
		g.SUBQ(U32(l.lanes()*U), n)
	}
	apply := func(in []V) []V {
		var s []V
		for _, v := range fixed {
			s = append(s, spread(v))
		}
		return m.f(in, s)
	}

	U = m.unroll
	group := U32(l.lanes() * U)
	slow := g.GP64()
	if m.quick != nil {
		g.XORQ(slow, slow)
	}
	g.CMPQ(n, group)
	g.JLT(LabelRef("tail"))
	g.Label("main")
	in := load(nil)
	if m.quick != nil {
		s := m.special(in)
		some := s[0]
		for _, v := range s[1:] {
			g.VORPS(v, some, some)
		}
		bits := g.GP32()
		emit(pick(l.d, g.VMOVMSKPD, g.VMOVMSKPS), []Op{some, bits})
		g.TESTL(bits, bits)
		g.JNZ(LabelRef("special"))
		save(m.quick(in), nil)
	} else {
		save(apply(in), nil)
	}
	g.Label("next")
	g.CMPQ(n, group)
	g.JGE(LabelRef("main"))
	U = 1
	g.Label("tail")
	g.CMPQ(n, U32(0))
	g.JLE(LabelRef("end"))
	lanes := l.laneMask(n)
	save(apply(load(lanes)), lanes)
	if m.quick != nil {
		g.DECQ(slow)
		g.JZ(LabelRef("next"))
	}
	g.JMP(LabelRef("tail"))
	if m.quick != nil { // vector by vector through this group, then back
		g.Label("special")
		g.MOVQ(U32(m.unroll), slow)
		g.JMP(LabelRef("tail"))
	}
	g.Label("end")
	finish()
}

func one(f func(V) V) func(in, _ []V) []V { return func(in, _ []V) []V { return []V{f(in[0])} } }

func two(f func(V) (V, V)) func(in, _ []V) []V {
	return func(in, _ []V) []V { a, b := f(in[0]); return []V{a, b} }
}

func several(f func(V, int) []V, order int) func(in, _ []V) []V {
	return func(in, _ []V) []V { return f(in[0], order) }
}

// functions emits the mappings of one argument. How many vectors are in flight is what the registers allow, or what was
// fastest.
func functions() {
	for _, l := range []num{f32, f64} {
		act := func(name string, slopes func(V, int) []V, value func(V) V, u1, u2, u3 int) {
			l.emit(mapping{name: name, outs: []string{"dst"}, ins: []string{"x"}, unroll: u1, f: one(value)})
			l.emit(mapping{name: name + "D", outs: []string{"h", "d"}, ins: []string{"x"}, unroll: u2, f: several(slopes, 1)})
			l.emit(mapping{name: name + "DD", outs: []string{"h", "d", "d2"}, ins: []string{"x"}, unroll: u3, f: several(slopes, 2)})
		}
		unary := func(name string, unroll int, f func(V) V) {
			l.emit(mapping{name: name, outs: []string{"dst"}, ins: []string{"x"}, unroll: unroll, f: one(f)})
		}
		double := func(name string, unroll int, f func(V) (V, V)) {
			l.emit(mapping{name: name, outs: []string{"h", "d"}, ins: []string{"x"}, unroll: unroll, f: two(f)})
		}
		unary("exp", pick(wide, 4, pick(l.d, 2, 3)), l.exp)
		log := mapping{name: "log", outs: []string{"dst"}, ins: []string{"x"}, unroll: pick(wide, 4, 3), f: one(l.log)}
		if !wide {
			log.quick, log.special = func(in []V) []V { return []V{l.logCore(in[0])} }, l.unusual
		}
		l.emit(log)
		unary("log1p", pick(wide, 2, 1), l.log1p)
		unary("sigmoid", pick(wide, 4, 2), l.sigmoid)
		double("sigmoidD", pick(wide, 4, 2), l.sigmoidD)
		unary("softplus", pick(wide, 2, 1), l.softplus)
		double("softplusD", pick(wide, 2, 1), l.softplusD)
		unary("erf", pick(wide && !l.d, 4, 2), l.erf)
		unary("sqrt", 4, l.sqrt)
		double("sinCos2Pi", pick(l.d && !wide, 1, 2), l.sinCos2Pi)
		act("tanh", l.tanhSlopes, l.tanh, pick(wide && !l.d, 4, 2), pick(wide && !l.d, 4, 2), 2)
		act("gelu", func(x V, o int) []V { return gelu.slopes(l, x, o) }, func(x V) V { return gelu.value(l, x) }, pick(wide, 4, 2), pick(wide, 4, 2), pick(wide, 2, 1))
		act("silu", func(x V, o int) []V { return silu.slopes(l, x, o) }, func(x V) V { return silu.value(l, x) }, pick(wide, 4, 2), pick(wide, 4, 2), pick(wide, 2, 1))
	}
}

// unusual has a sign bit where log's argument is not positive, normal and finite.
func (l num) unusual(in []V) V {
	x := in[0]
	tooLow := l.isub(x, l.kbits(pick[uint64](l.d, 1<<52, 1<<23)))
	tooHigh := l.isub(l.kbits(l.bits(pick(l.d, 0x1.fffffffffffffp1023, 0x1.fffffep127))), x)
	return l.or(l.or(tooLow, tooHigh), x)
}

// arithmetic emits the mappings that wait for memory.
func arithmetic() {
	for _, l := range []num{f32, f64} {
		binary := func(name string, f func(a, b V) V) {
			l.emit(mapping{name: name, outs: []string{"dst"}, ins: []string{"a", "b"}, unroll: 4,
				f: func(in, _ []V) []V { return []V{f(in[0], in[1])} }})
		}
		binary("mul", l.mul)
		binary("add", l.add)
		binary("sub", l.sub)
		binary("div", l.div)
		l.emit(mapping{name: "mulAdd", outs: []string{"dst"}, ins: []string{"a", "b", "c"}, unroll: pick(wide, 4, 2),
			f: func(in, _ []V) []V { return []V{l.fma(in[0], in[1], in[2])} }})
		l.update("axpy", func(y, x, s V) V { return l.fma(s, x, y) })
		l.update("lerp", func(y, x, s V) V { return l.fma(s, l.sub(x, y), y) })
		l.emit(mapping{name: "scale", outs: []string{"dst"}, ins: []string{"x"}, scalars: []string{"s"}, unroll: 4,
			f: func(in, s []V) []V { return []V{l.mul(s[0], in[0])} }})
		l.adam()
	}
}
