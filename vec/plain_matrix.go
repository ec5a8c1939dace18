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

func plainGather[T Float](dst, src *T, index *int32, n int) {
	out, idx := slice(dst, n), slice(index, n)
	top := int32(0)
	for _, j := range idx {
		top = max(top, j)
	}
	in := slice(src, int(top)+1)
	for i, j := range idx {
		out[i] = in[j]
	}
}
