package lv

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// at is the tile's part of xs or xi at time step k.
func (s *Step[T]) at(v []T, t, k int) []T {
	n := s.dim * s.P
	from := (t*len(s.h) + k) * n
	return v[from : from+n : from+n]
}

// point gives the net x_k and what the clock says at t_k.
func (s *Step[T]) point(w *worker[T], t, k int) {
	copy(w.in.Data, s.at(s.xs, t, k))
	if s.clock != nil {
		w.cond.Row = s.clock.Row(k)
	}
}

func (s *Step[T]) simulateTile(worker, t int) {
	w, p := s.workers[worker], s.P
	lw := s.LogW[t*p : (t+1)*p]
	clear(lw)
	clear(s.at(s.xs, t, 0))
	for k, h := range s.h {
		s.point(w, t, k)
		u := w.pass.Forward(s.w, s.memory.At(t*len(s.h)+k)).Flat()
		xi, sigma, next := s.at(s.xi, t, k), T(s.Sigma[k]), s.X[t*s.dim*p:(t+1)*s.dim*p]
		if k+1 < len(s.h) {
			next = s.at(s.xs, t, k+1)
		}
		vec.Normals(xi, p, s.dim, p, s.key, uint32(t*p), s.iter, uint32(k))
		copy(next, s.at(s.xs, t, k))
		vec.Axpy(next, sigma*h, u)
		vec.Axpy(next, sigma*s.root[k], xi)
		// (½h u + √h ξ)·u
		cost := w.tmp.Data
		vec.Scale(cost, h/2, u)
		vec.Axpy(cost, s.root[k], xi)
		vec.Mul(cost, cost, u)
		for i := range s.dim {
			for j, c := range w.tmp.Row(i) {
				lw[j] -= float64(c)
			}
		}
	}
	s.end(worker, t, lw)
}

// end adds the end point's part of the log weights.
func (s *Step[T]) end(worker, t int, lw []float64) {
	x := tile.Of(s.X[t*s.dim*s.P:], s.dim, s.P)
	logp := s.workers[worker].logp
	s.target(worker, logp, x)
	for j, l := range logp {
		r2 := 0.0
		for i := range s.dim {
			v := float64(x.Row(i)[j])
			r2 += v * v
		}
		lw[j] += l + r2/(2*s.variance) + float64(s.dim)/2*math.Log(2*math.Pi*s.variance)
	}
}

func (s *Step[T]) backSlot(worker, slot int) {
	w := s.workers[worker]
	s.slotG[slot] = s.Slots.Clear(slot)
	w.sink.G = s.slotG[slot]
	if s.clock != nil {
		clear(s.rows[slot])
	}
	lo, hi := s.Slots.Tiles(slot)
	for t := lo; t < hi; t++ {
		coef := s.coef[t*s.P : (t+1)*s.P]
		for k := range s.h {
			s.point(w, t, k)
			if s.clock != nil {
				n := len(w.cond.Row)
				w.cond.DRow = s.rows[slot][k*n : (k+1)*n]
			}
			xi := tile.Of(s.at(s.xi, t, k), s.dim, s.P)
			vec.Scale(w.sum, -s.root[k], coef)
			for i := range s.dim {
				vec.Mul(w.du.Row(i), w.sum, xi.Row(i))
			}
			w.pass.Record(s.w, s.memory.At(t*len(s.h)+k))
			w.pass.Backward(s.w, w.du, w.sink, false)
		}
	}
}
