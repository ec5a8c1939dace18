package gram

import "github.com/sampan-mc/sampan/vec"

// Mul writes J v to dst: every residual's derivative along the direction v of parameter space.
func (g *Worker[T]) Mul(dst []T, j *Jacobian[T], v []T) {
	if len(dst) != j.Samples() || len(v) != j.Params {
		panic("gram: J v of wrong lengths")
	}
	g.j, g.dst, g.v, g.all = j, dst, v, true
	g.pool.For(len(j.Tiles), g.mul)
	g.j, g.dst, g.v = nil, nil, nil
}

// mulTask is J v for a tile: all of it, or what the strips leave.
func (g *Worker[T]) mulTask(worker, t int) {
	j, p, y := g.j, g.j.P, g.scratch[worker].b
	dst := g.dst[t*p : (t+1)*p]
	clear(dst)
	for f, b := range j.Blocks {
		if !g.all && g.made[f] {
			continue
		}
		fac, cp := j.Tiles[t][f], b.Terms*p
		if b.Vector {
			vec.Gemm(1, p, b.Rows, g.v[b.Off:], 0, 1, fac.A.Data, p, dst, p, dst, p)
			continue
		}
		vec.Gemm(b.Cols, cp, b.Rows, g.v[b.Off:], 1, b.Cols, fac.A.Data, cp, nil, 0, y, cp)
		y := y[:b.Cols*cp]
		vec.Mul(y, y, fac.B.Data)
		for o := 0; o < len(y); o += p {
			vec.Add(dst, dst, y[o:o+p])
		}
	}
}

// MulT writes Jᵀ w to dst: the gradient of Σ_n w_n r_n.
func (g *Worker[T]) MulT(dst []T, j *Jacobian[T], w []T) {
	if len(dst) != j.Params || len(w) != j.Samples() {
		panic("gram: Jᵀ w of wrong lengths")
	}
	g.j, g.w = j, w
	g.pool.For(g.slots.Count(), g.mulT)
	g.slots.Grad = dst
	g.slots.Reduce(g.pool)
	g.j, g.w, g.slots.Grad = nil, nil, nil
}

// mulTTask gathers a slot's tiles.
func (g *Worker[T]) mulTTask(worker, slot int) {
	j, p, s, sum := g.j, g.j.P, g.scratch[worker].b, g.slots.Clear(slot)
	lo, hi := g.slots.Tiles(slot)
	for t := lo; t < hi; t++ {
		w := g.w[t*p : (t+1)*p]
		for f, b := range j.Blocks {
			fac, cp, ld, dst := j.Tiles[t][f], b.Terms*p, b.Cols+padding, sum[b.Off:]
			if b.Vector {
				vec.DotRows(dst, 1, fac.A.Data, b.Rows, p, w)
				continue
			}
			scaled, trans := s[:b.Cols*p], s[b.Cols*p:]
			for c := range b.Terms {
				for o := range b.Cols {
					vec.Mul(scaled[o*p:(o+1)*p], fac.B.Data[o*cp+c*p:][:p], w)
				}
				vec.Transpose(trans, ld, scaled, p, b.Cols, p)
				vec.Gemm(b.Rows, b.Cols, p, fac.A.Data[c*p:], cp, 1, trans, ld, dst, b.Cols, dst, b.Cols)
			}
		}
	}
}
