package pilot

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// jointAxes rotates the coordinates of base, x = base·u, so that the Hessians there are as diagonal as one rotation can make
// them in the active space; what is not active is turned to the principal axes of cov. It returns the axes, active ones
// last, how many these are, and the part of the Hessians' varying squares that stays off the diagonal.
func jointAxes(hs []*mat.SymDense, base *mat.Dense, cov *mat.SymDense) (axes *mat.Dense, active int, off float64) {
	d, _ := base.Dims()
	local := make([]*mat.Dense, len(hs))
	mean := mat.NewDense(d, d, nil)
	for i, h := range hs {
		var t, l mat.Dense
		t.Mul(base.T(), h)
		l.Mul(&t, base)
		l.Scale(1/mat.Norm(&l, 2), &l)
		local[i] = &l
		mean.Add(mean, &l)
	}
	mean.Scale(1/float64(len(hs)), mean)
	s := mat.NewSymDense(d, nil)
	for _, l := range local {
		var r mat.Dense
		r.Sub(l, mean)
		for i := range d {
			for j := range i + 1 {
				s.SetSym(i, j, s.At(i, j)+mat.Dot(r.RowView(i), r.RowView(j)))
			}
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(s, true) {
		return base, d, 1
	}
	values := eig.Values(nil) // ascending
	from := 0
	for from < d-1 && values[from] <= inactive*values[d-1] {
		from++
	}
	var v mat.Dense
	eig.VectorsTo(&v)
	if from > 0 {
		principal(&v, from, base, cov)
	}
	act := v.Slice(0, d, from, d)
	small := make([]*mat.Dense, len(local))
	for i, l := range local {
		var t, r mat.Dense
		t.Mul(act.T(), l)
		r.Mul(&t, act)
		small[i] = &r
	}
	turn, off := diagonalise(small)
	var turned mat.Dense
	turned.Mul(act, turn)
	for i := range d {
		for j := from; j < d; j++ {
			v.Set(i, j, turned.At(i, j-from))
		}
	}
	axes = &mat.Dense{}
	axes.Mul(base, &v)
	return axes, d - from, off
}

// principal turns the first n columns of v, directions of u with x = base·u, to the principal axes of the draws' covariance
// there.
func principal(v *mat.Dense, n int, base *mat.Dense, cov *mat.SymDense) {
	d, _ := v.Dims()
	var inv, t, c mat.Dense
	if inv.Inverse(base) != nil {
		return
	}
	t.Mul(&inv, cov)
	c.Mul(&t, inv.T())
	idle := v.Slice(0, d, 0, n)
	var p, q mat.Dense
	p.Mul(idle.T(), &c)
	q.Mul(&p, idle)
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			sym.SetSym(i, j, (q.At(i, j)+q.At(j, i))/2)
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(sym, true) {
		return
	}
	var w, turned mat.Dense
	eig.VectorsTo(&w)
	turned.Mul(idle, &w)
	for i := range d {
		for j := range n {
			v.Set(i, j, turned.At(i, j))
		}
	}
}

// sweeps bounds the passes over all pairs.
const sweeps = 30

// diagonalise finds the rotation V that makes all VᵀHV as diagonal as can be, by Jacobi rotations (Cardoso and Souloumiac
// 1996), and the part of the squares of H − mean H that is left off the diagonal. It changes hs.
func diagonalise(hs []*mat.Dense) (v *mat.Dense, off float64) {
	r, _ := hs[0].Dims()
	v = identity(r)
	for range sweeps {
		largest := 0.0
		for p := range r - 1 {
			for q := p + 1; q < r; q++ {
				on, cross, double := 0.0, 0.0, 0.0
				for _, h := range hs {
					a, b := h.At(p, p)-h.At(q, q), h.At(p, q)+h.At(q, p)
					on += a * a
					cross += a * b
					double += b * b
				}
				ton, toff := on-double, 2*cross
				theta := 0.5 * math.Atan2(toff, ton+math.Hypot(ton, toff))
				if math.Abs(theta) < 1e-8 {
					continue
				}
				largest = max(largest, math.Abs(theta))
				c, s := math.Cos(theta), math.Sin(theta)
				for _, h := range hs {
					rotate(h, p, q, c, s)
				}
				columns(v, p, q, c, s)
			}
		}
		if largest < 1e-7 {
			break
		}
	}
	return v, offShare(hs)
}

// rotate sets h to RᵀhR, R the rotation of axes p and q.
func rotate(h *mat.Dense, p, q int, c, s float64) {
	columns(h, p, q, c, s)
	a, b := h.RawRowView(p), h.RawRowView(q)
	for i, x := range a {
		y := b[i]
		a[i], b[i] = c*x+s*y, c*y-s*x
	}
}

func columns(m *mat.Dense, p, q int, c, s float64) {
	n, _ := m.Dims()
	for i := range n {
		r := m.RawRowView(i)
		r[p], r[q] = c*r[p]+s*r[q], c*r[q]-s*r[p]
	}
}

// offShare is the part of the squares of H − mean H that is off the diagonal.
func offShare(hs []*mat.Dense) float64 {
	r, _ := hs[0].Dims()
	mean := slices.Repeat([]float64{0}, r*r)
	for _, h := range hs {
		for i, v := range h.RawMatrix().Data {
			mean[i] += v / float64(len(hs))
		}
	}
	all, off := 0.0, 0.0
	for _, h := range hs {
		for i, v := range h.RawMatrix().Data {
			sq := (v - mean[i]) * (v - mean[i])
			all += sq
			if i/r != i%r {
				off += sq
			}
		}
	}
	if all == 0 {
		return 0
	}
	return off / all
}
