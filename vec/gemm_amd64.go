package vec

import "unsafe"

// panel is a micro-kernel of the matrix product: a few rows by a few vectors of C, for all of k. The lanes beyond the given
// number are neither read nor written.
type panel[T Float] func(k int, a *T, rsa, csa int, b *T, ldb int, init *T, ldi int, c *T, ldc int, lanes int)

// panels are the micro-kernels of one width, by the number of rows, from 1.
type panels[T Float] struct {
	rows  []panel[T]
	lanes int
}

// gemmWith covers C with the panels of the wide set and, if there is one, what is left of each row with those of the narrow
// set; a matrix times a vector is dotRows. Shapes have been checked, so that the panels may run on bare pointers.
func gemmWith[T Float](wide, narrow panels[T], dotRows func(dst *T, ds int, a *T, rows, lda int, b *T, n int)) func(m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int) {
	return func(m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int) {
		if n == 1 && csa == 1 && ldb == 1 && k > 0 {
			for i := range m {
				var v T
				if init != nil {
					v = init[i*ldi]
				}
				c[i*ldc] = v
			}
			dotRows(at(c), ldc, at(a), m, rsa, at(b), k)
			return
		}
		x := product[T]{m, k, at(a), rsa, csa, at(b), ldb, at(init), ldi, at(c), ldc}
		if k == 0 { // nothing of A and B is read: their pointers stay where they are
			x.rsa, x.ldb = 0, 0
		}
		j := 0
		for ; j+wide.lanes <= n; j += wide.lanes {
			x.column(&wide, j, wide.lanes)
		}
		rest := &wide
		if narrow.rows != nil {
			rest = &narrow
		}
		for ; j < n; j += rest.lanes {
			x.column(rest, j, min(rest.lanes, n-j))
		}
	}
}

type product[T Float] struct {
	m, k     int
	a        *T
	rsa, csa int
	b        *T
	ldb      int
	init     *T
	ldi      int
	c        *T
	ldc      int
}

// column computes columns j to j+lanes, cutting the rows into blocks as equal as can be.
func (x *product[T]) column(p *panels[T], j, lanes int) {
	most := len(p.rows)
	blocks := (x.m + most - 1) / most
	b := x.b
	if x.k > 0 {
		b = offset(b, j)
	}
	i := 0
	for t := range blocks {
		rows := x.m / blocks
		if t < x.m%blocks {
			rows++
		}
		init := x.init
		if init != nil {
			init = offset(init, i*x.ldi+j)
		}
		p.rows[rows-1](x.k, offset(x.a, i*x.rsa), x.rsa, x.csa, b, x.ldb, init, x.ldi, offset(x.c, i*x.ldc+j), x.ldc, lanes)
		i += rows
	}
}

// offset is the address of element i from p on.
func offset[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*unsafe.Sizeof(*p)))
}
