package vec

func installAVX2(f *kernels[float32], d *kernels[float64]) {
	f.gemm = gemmWith(panels[float32]{[]panel[float32]{
		gemm32x1v2avx2, gemm32x2v2avx2, gemm32x3v2avx2, gemm32x4v2avx2,
		gemm32x5v2avx2, gemm32x6v2avx2,
	}, 16}, panels[float32]{[]panel[float32]{
		gemm32x1v1avx2, gemm32x2v1avx2, gemm32x3v1avx2, gemm32x4v1avx2,
		gemm32x5v1avx2, gemm32x6v1avx2,
	}, 8})
	d.gemm = gemmWith(panels[float64]{[]panel[float64]{
		gemm64x1v2avx2, gemm64x2v2avx2, gemm64x3v2avx2, gemm64x4v2avx2,
		gemm64x5v2avx2, gemm64x6v2avx2,
	}, 8}, panels[float64]{[]panel[float64]{
		gemm64x1v1avx2, gemm64x2v1avx2, gemm64x3v1avx2, gemm64x4v1avx2,
		gemm64x5v1avx2, gemm64x6v1avx2,
	}, 4})
}
