package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// scalarSum is a sum of Potentials. The first one's memory holds the sum.
type scalarSum[T vec.Float] struct {
	parts []Potential[T]
	outs  []Scalar[T]
}

func (f *scalarSum[T]) Begin(w *nn.Params[T]) {
	for _, p := range f.parts {
		p.Begin(w)
	}
}

func (f *scalarSum[T]) End(w *nn.Params[T], s nn.Sink[T]) {
	for _, p := range f.parts {
		p.End(w, s)
	}
}

func (f *scalarSum[T]) Forward(w *nn.Params[T]) Scalar[T] {
	f.outs = f.outs[:0]
	for i, p := range f.parts {
		v := p.Forward(w)
		if f.outs = append(f.outs, v); i > 0 {
			f.outs[0].each(v, func(sum, v []T) { vec.Add(sum, sum, v) })
		}
	}
	return f.outs[0]
}

func (f *scalarSum[T]) Backward(w *nn.Params[T], s nn.Sink[T]) {
	for i, p := range f.parts {
		if i > 0 {
			f.outs[0].each(f.outs[i], func(bar, v []T) { copy(v, bar) })
		}
		p.Backward(w, s)
	}
}

func (f *scalarSum[T]) Flops() (n float64) {
	for _, p := range f.parts {
		n += p.Flops()
	}
	return n
}

// each calls do on all that v and u hold.
func (v Scalar[T]) each(u Scalar[T], do func(v, u []T)) {
	do(v.Value.Data, u.Value.Data)
	do(v.Grad.Data, u.Grad.Data)
	do(v.Rate.Data, u.Rate.Data)
	if !v.Lap.IsZero() {
		do(v.Lap.Data, u.Lap.Data)
	}
}

// fieldSum is a sum of Fields. The first one's memory holds the sum.
type fieldSum[T vec.Float] struct{ parts []Field[T] }

func (f *fieldSum[T]) Begin(w *nn.Params[T]) {
	for _, p := range f.parts {
		p.Begin(w)
	}
}

func (f *fieldSum[T]) End(w *nn.Params[T], s nn.Sink[T]) {
	for _, p := range f.parts {
		p.End(w, s)
	}
}

func (f *fieldSum[T]) Forward(w *nn.Params[T]) (m, div tile.Tile[T]) {
	for i, p := range f.parts {
		a, b := p.Forward(w)
		if i == 0 {
			m, div = a, b
			continue
		}
		vec.Add(m.Data, m.Data, a.Data)
		vec.Add(div.Data, div.Data, b.Data)
	}
	return m, div
}

func (f *fieldSum[T]) Backward(w *nn.Params[T], mBar, divBar tile.Tile[T], s nn.Sink[T]) {
	for _, p := range f.parts {
		p.Backward(w, mBar, divBar, s)
	}
}

func (f *fieldSum[T]) Flops() (n float64) {
	for _, p := range f.parts {
		n += p.Flops()
	}
	return n
}
