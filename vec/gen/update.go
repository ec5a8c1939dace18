package main

// update emits a mapping that changes dst by x and a scalar.
func (l num) update(name string, f func(y, x, s V) V) {
	l.emit(mapping{name: name, outs: []string{"dst"}, ins: []string{"x"}, scalars: []string{"s"}, unroll: pick(wide, 4, 2), readsOut: true,
		f: func(in, s []V) []V { return []V{f(in[1], in[0], s[0])} }})
}

// adam emits a step of Adam: m, v and p are read and written once.
func (l num) adam() {
	l.emit(mapping{name: "adam", outs: []string{"p", "m", "v"}, ins: []string{"grad"}, readsOut: true, unroll: pick(wide, 2, 1),
		scalars: []string{"clip", "beta1", "beta2", "keep", "rate", "root", "eps"},
		f: func(in, s []V) []V {
			p, m, v := in[1], in[2], in[3]
			clip, beta1, beta2, keep, rate, root, eps := s[0], s[1], s[2], s[3], s[4], s[5], s[6]
			one := l.k(1)
			d := l.mul(in[0], clip)
			m = l.fma(l.sub(one, beta1), d, l.mul(beta1, m))
			v = l.fma(l.mul(l.sub(one, beta2), d), d, l.mul(beta2, v))
			step := l.div(l.mul(rate, m), l.fma(root, l.sqrt(v), eps))
			return []V{l.sub(l.mul(keep, p), step), m, v}
		}})
}
