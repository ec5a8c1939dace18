package scld

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// differenced is a target that gives no products with its Hessian, with differences of scores in their place: for each
// particle (∇(x + hv/|v|) − ∇(x − hv/|v|))|v|/2h. Langevin steps follow the score, so that a gradient through them that
// leaves the Hessian out is not near the gradient: it can well go up.
type differenced struct {
	chain.Target[float32]
	step    float64 // h
	workers []*difference
}

// difference is the memory of one worker.
type difference struct {
	x, other tile.Tile[float32]
	logp     []float64
	length   []float64
	row      []float32
}

// fraction is h over the step size of the moves at the target, which is about the least of its widths.
const fraction = 0.05

func newDifferenced(t chain.Target[float32], step float64, d, p, workers int) *differenced {
	h := &differenced{Target: t, step: step}
	for range workers {
		h.workers = append(h.workers, &difference{
			tile.New[float32](d, p), tile.New[float32](d, p), make([]float64, p), make([]float64, p), make([]float32, p),
		})
	}
	return h
}

// HVP writes the products to hv.
func (h *differenced) HVP(id int, hv, x, v tile.Tile[float32]) {
	w := h.workers[id]
	squares(w.length, v)
	side := func(to tile.Tile[float32], sign float64) {
		for j, l := range w.length {
			w.row[j] = 0
			if l > 0 {
				w.row[j] = float32(sign * h.step / math.Sqrt(l))
			}
		}
		for i := range x.Rows {
			vec.MulAdd(w.x.Row(i), w.row, v.Row(i), x.Row(i))
		}
		h.Eval(id, w.logp, to, w.x)
	}
	side(hv, 1)
	side(w.other, -1)
	for j, l := range w.length {
		w.row[j] = float32(math.Sqrt(l) / (2 * h.step))
	}
	vec.Sub(hv.Flat(), hv.Flat(), w.other.Flat())
	for i := range x.Rows {
		vec.Mul(hv.Row(i), hv.Row(i), w.row)
	}
}
