package vec

// plainGemm goes over A row by row and adds multiples of B's rows, the order in which the others accumulate too.
func plainGemm[T Float](m, n, k int, a []T, rsa, csa int, b []T, ldb int, init []T, ldi int, c []T, ldc int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if init == nil {
			clear(row)
		} else {
			copy(row, init[i*ldi:i*ldi+n])
		}
		for l := range k {
			s := a[i*rsa+l*csa]
			for j, v := range b[l*ldb : l*ldb+n] {
				row[j] += s * v
			}
		}
	}
}

func plainTranspose[T Float](dst *T, ldd int, src *T, lds, rows, cols int) {
	out, in := matrix(dst, cols, rows, ldd), matrix(src, rows, cols, lds)
	for i := range rows {
		for j, v := range in[i*lds : i*lds+cols] {
			out[j*ldd+i] = v
		}
	}
}

// plainGather returns 0 at the first index that is not below size.
func plainGather[T Float](dst, src *T, index *int32, n, size int) int {
	out, in := slice(dst, n), slice(src, size)
	for i, j := range slice(index, n) {
		if uint(j) >= uint(len(in)) {
			return 0
		}
		out[i] = in[j]
	}
	return 1
}
