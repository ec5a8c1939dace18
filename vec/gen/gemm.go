package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemms emits the micro-kernels of the matrix product: mr rows by two vectors of C in registers, over the whole of k. With
// two vectors of B and one broadcast of A they fill 31 of 32 registers (mr = 14) or 15 of 16 (mr = 6).
func gemms() {
	for _, l := range []num{f32, f64} {
		for mr := 1; mr <= pick(wide, 14, 6); mr++ {
			l.gemm(mr, 2)
			if !wide {
				l.gemm(mr, 1)
			}
		}
	}
}

// gemm emits C = init + A·B for mr rows and nv vectors, of which lanes says how many lanes count. The AVX2 kernel of two
// vectors takes all lanes; what is left of a row goes through the kernel of one.
func (l num) gemm(mr, nv int) {
	t := l.String()
	function(fmt.Sprintf("%sx%dv%d", l.name("gemm"), mr, nv), fmt.Sprintf(
		"func(k int, a *%s, rsa, csa int, b *%s, ldb int, init *%s, ldi int, c *%s, ldc int, lanes int)", t, t, t, t))
	arg := func(name string) GPVirtual { return g.Load(g.Param(name), g.GP64()).(GPVirtual) }
	stride := func(name string) GPVirtual { r := arg(name); g.SHLQ(l.shift(), r); return r }

	masks := make([]Op, nv)
	switch {
	case wide:
		l.laneMasks(arg("lanes"), masks)
	case nv == 1:
		masks[0] = l.laneMask(arg("lanes"))
	}
	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = make([]VecVirtual, nv)
		for j := range acc[i] {
			acc[i][j] = vec()
		}
	}
	at := func(p GPVirtual, j int) Mem { return Mem{Base: p, Disp: bytes() * j} }
	next := func(i int, stride, p GPVirtual) {
		if i+1 < mr {
			g.ADDQ(stride, p)
		}
	}

	p, ld := arg("init"), stride("ldi")
	g.TESTQ(p, p)
	g.JZ(LabelRef("zero"))
	for i, row := range acc {
		for j, v := range row {
			l.load(at(p, j), masks[j], v)
		}
		next(i, ld, p)
	}
	g.JMP(LabelRef("start"))
	g.Label("zero")
	for _, row := range acc {
		for _, v := range row {
			zero(v)
		}
	}
	g.Label("start")

	k, a, rsa, csa, b, ldb := arg("k"), arg("a"), stride("rsa"), stride("csa"), arg("b"), stride("ldb")
	element := l.rowAddresses(a, rsa, mr)
	g.TESTQ(k, k)
	g.JZ(LabelRef("done"))
	bv := make([]VecVirtual, nv)
	for j := range bv {
		bv[j] = vec()
	}
	g.Label("loop")
	for j, v := range bv {
		l.load(at(b, j), masks[j], v)
	}
	av := vec()
	for i, row := range acc {
		emit(pick[any](l.d, g.VBROADCASTSD, g.VBROADCASTSS), []Op{element(i), av})
		for j, v := range row {
			emit(pick(l.d, g.VFMADD231PD, g.VFMADD231PS), []Op{bv[j], av, v})
		}
	}
	g.ADDQ(csa, a)
	g.ADDQ(ldb, b)
	g.DECQ(k)
	g.JNZ(LabelRef("loop"))

	g.Label("done")
	c, ldc := arg("c"), stride("ldc")
	for i, row := range acc {
		for j, v := range row {
			l.store(v, masks[j], at(c, j))
		}
		next(i, ldc, c)
	}
	finish()
}

// rowAddresses returns where row i of A is: a + i·rsa, by multiples 1, 2, 4, 8 of odd multiples of rsa.
func (l num) rowAddresses(a, rsa GPVirtual, mr int) func(int) Mem {
	odd := map[int]GPVirtual{1: rsa}
	for o := 3; o < mr; o += 2 {
		x := g.GP64()
		g.LEAQ(Mem{Base: odd[o-2], Index: rsa, Scale: 2}, x)
		odd[o] = x
	}
	return func(i int) Mem {
		if i == 0 {
			return Mem{Base: a}
		}
		s := uint8(1)
		for i%2 == 0 && s < 8 {
			i /= 2
			s *= 2
		}
		return Mem{Base: a, Index: odd[i], Scale: s}
	}
}
