package vec

import (
	"math"
	"unsafe"

	"github.com/sampan-mc/sampan/vec/rng"
)

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

func plainLogSumExpRows[T Float](dst, x []T, rows, ld int) {
	for j := range dst {
		top := math.Inf(-1)
		for i := range rows {
			top = math.Max(top, float64(x[i*ld+j])) // NaN wins
		}
		if math.IsInf(top, 0) || math.IsNaN(top) {
			dst[j] = T(top)
			for i := range rows { // +Inf beside NaN is NaN
				if v := x[i*ld+j]; v != v {
					dst[j] = v
				}
			}
			continue
		}
		s := 0.0
		for i := range rows {
			s += math.Exp(float64(x[i*ld+j]) - top)
		}
		dst[j] = T(top + math.Log(s))
	}
}

// perBlock is the number of variates of T that one block of four words gives.
func perBlock[T Float]() int {
	if unsafe.Sizeof(T(0)) == 4 {
		return 4
	}
	return 2
}

func plainUniforms[T Float](dst []T, ld, rows, p int, key [2]uint32, first, stage, inner uint32) {
	plainDraws(dst, ld, rows, p, key, first, stage, inner, func(w [4]uint32, out *[4]float64) {
		if perBlock[T]() == 4 {
			for i, v := range w {
				out[i] = (float64(v) + 0.5) / (1 << 32)
			}
			return
		}
		out[0], out[1] = uniform53(w[0], w[1]), uniform53(w[2], w[3])
	})
}

func plainNormals[T Float](dst []T, ld, rows, p int, key [2]uint32, first, stage, inner uint32) {
	plainDraws(dst, ld, rows, p, key, first, stage, inner, func(w [4]uint32, out *[4]float64) {
		if perBlock[T]() == 4 {
			for i := 0; i < 4; i += 2 {
				out[i], out[i+1] = boxMuller((float64(w[i])+0.5)/(1<<32), (float64(w[i+1])+0.5)/(1<<32))
			}
			return
		}
		out[0], out[1] = boxMuller(uniform53(w[0], w[1]), uniform53(w[2], w[3]))
	})
}

func plainDraws[T Float](dst []T, ld, rows, p int, key [2]uint32, first, stage, inner uint32, draw func([4]uint32, *[4]float64)) {
	var out [4]float64
	step := perBlock[T]()
	for r := 0; r < rows; r += step {
		for j := range p {
			draw(rng.Key(key).Block(first+uint32(j), stage, inner, uint32(r/step)), &out)
			for i := 0; i < step && r+i < rows; i++ {
				dst[(r+i)*ld+j] = T(out[i])
			}
		}
	}
}

func uniform53(lo, hi uint32) float64 {
	return (float64((uint64(hi)<<32|uint64(lo))>>11) + 0.5) / (1 << 53)
}

func boxMuller(u1, u2 float64) (float64, float64) {
	r := math.Sqrt(-2 * math.Log(u1))
	s, c := math.Sincos(2 * math.Pi * u2)
	return r * c, r * s
}
