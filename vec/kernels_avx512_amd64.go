package vec

func installAVX512(f *kernels[float32], d *kernels[float64]) {
	f.gemm = gemmWith(panels[float32]{[]panel[float32]{
		gemm32x1v2avx512, gemm32x2v2avx512, gemm32x3v2avx512, gemm32x4v2avx512,
		gemm32x5v2avx512, gemm32x6v2avx512, gemm32x7v2avx512, gemm32x8v2avx512,
		gemm32x9v2avx512, gemm32x10v2avx512, gemm32x11v2avx512, gemm32x12v2avx512,
		gemm32x13v2avx512, gemm32x14v2avx512,
	}, 32}, panels[float32]{})
	d.gemm = gemmWith(panels[float64]{[]panel[float64]{
		gemm64x1v2avx512, gemm64x2v2avx512, gemm64x3v2avx512, gemm64x4v2avx512,
		gemm64x5v2avx512, gemm64x6v2avx512, gemm64x7v2avx512, gemm64x8v2avx512,
		gemm64x9v2avx512, gemm64x10v2avx512, gemm64x11v2avx512, gemm64x12v2avx512,
		gemm64x13v2avx512, gemm64x14v2avx512,
	}, 16}, panels[float64]{})
}
