package main

import . "github.com/mmcloughlin/avo/operand"

// peaks emits the loop of independent multiply-adds that other rates are held against.
func peaks() {
	const chains = 12
	for _, l := range []num{f32, f64} {
		function(l.name("spin"), "func(n int)")
		n := g.Load(g.Param("n"), g.GP64())
		U = chains
		c := l.set(0)
		a, b := l.k(0.9999), l.k(1e-5)
		g.Label("loop")
		each(pick(l.d, g.VFMADD213PD, g.VFMADD213PS), b, a, c)
		g.DECQ(n)
		g.JNZ(LabelRef("loop"))
		finish()
	}
}
