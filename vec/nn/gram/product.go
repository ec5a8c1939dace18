package gram

import "github.com/sampan-mc/sampan/vec"

// Mul writes J v to dst: every residual's derivative along the direction v of parameter space.
func (g *Worker[T]) Mul(dst []T, j *Jacobian[T], v []T) {
	if len(dst) != j.Samples() || len(v) != j.Params {
		panic("gram: J v of wrong lengths")
	}
	g.j, g.dst, g.v = j, dst, v
	g.pool.For(len(j.Tiles), g.mul)
	g.j, g.dst, g.v = nil, nil, nil
}

func (g *Worker[T]) mulTask(worker, t int) {
	j, p, y := g.j, g.j.P, g.scratch[worker].t
	dst := g.dst[t*p : (t+1)*p]
	clear(dst)
	for f, b := range j.Blocks {
		fac, cp := j.Tiles[t][f], b.Terms*p
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
	clear(dst)
	g.j, g.dst, g.w = j, dst, w
	g.pool.For(len(j.Blocks), g.mulT) // a block is one worker's, and its tiles follow in order
	g.j, g.dst, g.w = nil, nil, nil
}

func (g *Worker[T]) mulTTask(worker, f int) {
	j, b, p, s := g.j, g.j.Blocks[f], g.j.P, g.scratch[worker]
	cp, ld, dst := b.Terms*p, b.Cols+padding, g.dst[b.Off:]
	for t := range j.Tiles {
		fac, w, scaled := j.Tiles[t][f], g.w[t*p:(t+1)*p], s.ga[:b.Cols*cp]
		for o := 0; o < len(scaled); o += p {
			vec.Mul(scaled[o:o+p], fac.B.Data[o:o+p], w)
		}
		vec.Transpose(s.t, ld, scaled, cp, b.Cols, cp)
		vec.Gemm(b.Rows, b.Cols, cp, fac.A.Data, cp, 1, s.t, ld, dst, b.Cols, dst, b.Cols)
	}
}
