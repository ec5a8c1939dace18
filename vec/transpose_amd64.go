package vec

// transposeWith does whole blocks with a kernel and what is left element by element.
func transposeWith[T Float](blocks func(dst *T, ldd int, src *T, lds, rows, cols int), side int) func(dst *T, ldd int, src *T, lds, rows, cols int) {
	return func(dst *T, ldd int, src *T, lds, rows, cols int) {
		r, c := rows/side*side, cols/side*side
		if r > 0 && c > 0 {
			blocks(dst, ldd, src, lds, r, c)
		} else {
			r, c = 0, 0
		}
		if c < cols && r > 0 {
			plainTranspose(offset(dst, c*ldd), ldd, offset(src, c), lds, r, cols-c)
		}
		if r < rows {
			plainTranspose(offset(dst, r), ldd, offset(src, r*lds), lds, rows-r, cols)
		}
	}
}
