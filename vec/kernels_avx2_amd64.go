package vec

func installAVX2(f *kernels[float32], d *kernels[float64]) {
	f.gemm = gemmWith(panels[float32]{[]panel[float32]{
		gemm32x1v2avx2, gemm32x2v2avx2, gemm32x3v2avx2, gemm32x4v2avx2,
		gemm32x5v2avx2, gemm32x6v2avx2,
	}, 16}, panels[float32]{[]panel[float32]{
		gemm32x1v1avx2, gemm32x2v1avx2, gemm32x3v1avx2, gemm32x4v1avx2,
		gemm32x5v1avx2, gemm32x6v1avx2,
	}, 8}, dotRows32avx2)
	d.gemm = gemmWith(panels[float64]{[]panel[float64]{
		gemm64x1v2avx2, gemm64x2v2avx2, gemm64x3v2avx2, gemm64x4v2avx2,
		gemm64x5v2avx2, gemm64x6v2avx2,
	}, 8}, panels[float64]{[]panel[float64]{
		gemm64x1v1avx2, gemm64x2v1avx2, gemm64x3v1avx2, gemm64x4v1avx2,
		gemm64x5v1avx2, gemm64x6v1avx2,
	}, 4}, dotRows64avx2)

	f.exp, f.log, f.log1p, f.tanh, f.sigmoid = exp32avx2, log32avx2, log1p32avx2, tanh32avx2, sigmoid32avx2
	f.softplus, f.erf, f.gelu, f.silu, f.sqrt = softplus32avx2, erf32avx2, gelu32avx2, silu32avx2, sqrt32avx2
	f.tanhD, f.sigmoidD, f.softplusD, f.geluD, f.siluD = tanhD32avx2, sigmoidD32avx2, softplusD32avx2, geluD32avx2, siluD32avx2
	f.sinCos2Pi = sinCos2Pi32avx2
	f.tanhDD, f.geluDD, f.siluDD = tanhDD32avx2, geluDD32avx2, siluDD32avx2
	f.mul, f.add, f.sub, f.div, f.mulAdd = mul32avx2, add32avx2, sub32avx2, div32avx2, mulAdd32avx2
	f.axpy, f.scale, f.lerp, f.adam = axpy32avx2, scale32avx2, lerp32avx2, adam32avx2

	d.exp, d.log, d.log1p, d.tanh, d.sigmoid = exp64avx2, log64avx2, log1p64avx2, tanh64avx2, sigmoid64avx2
	d.softplus, d.erf, d.gelu, d.silu, d.sqrt = softplus64avx2, erf64avx2, gelu64avx2, silu64avx2, sqrt64avx2
	d.tanhD, d.sigmoidD, d.softplusD, d.geluD, d.siluD = tanhD64avx2, sigmoidD64avx2, softplusD64avx2, geluD64avx2, siluD64avx2
	d.sinCos2Pi = sinCos2Pi64avx2
	d.tanhDD, d.geluDD, d.siluDD = tanhDD64avx2, geluDD64avx2, siluDD64avx2
	d.mul, d.add, d.sub, d.div, d.mulAdd = mul64avx2, add64avx2, sub64avx2, div64avx2, mulAdd64avx2
	d.axpy, d.scale, d.lerp, d.adam = axpy64avx2, scale64avx2, lerp64avx2, adam64avx2

	f.uniforms, f.normals = uniforms32avx2, normals32avx2
	d.uniforms, d.normals = uniforms64avx2, normals64avx2
	f.transpose = transposeWith(transposeBlocks32avx2, 8)
	d.transpose = transposeWith(transposeBlocks64avx2, 4)
	f.gather, d.gather = gather32avx2, gather64avx2

	f.jetLaplace = [activations]jet[float32]{jetLaplaceTanh32avx2, jetLaplaceGelu32avx2, jetLaplaceSilu32avx2}
	f.jetGrad = [activations]jet[float32]{jetGradTanh32avx2, jetGradGelu32avx2, jetGradSilu32avx2}
	f.jetLaplaceBack = [activations]jetBack[float32]{jetLaplaceBackTanh32avx2, jetLaplaceBackGelu32avx2, jetLaplaceBackSilu32avx2}
	f.jetGradBack = [activations]jetBack[float32]{jetGradBackTanh32avx2, jetGradBackGelu32avx2, jetGradBackSilu32avx2}
	d.jetLaplace = [activations]jet[float64]{jetLaplaceTanh64avx2, jetLaplaceGelu64avx2, jetLaplaceSilu64avx2}
	d.jetGrad = [activations]jet[float64]{jetGradTanh64avx2, jetGradGelu64avx2, jetGradSilu64avx2}
	d.jetLaplaceBack = [activations]jetBack[float64]{jetLaplaceBackTanh64avx2, jetLaplaceBackGelu64avx2, jetLaplaceBackSilu64avx2}
	d.jetGradBack = [activations]jetBack[float64]{jetGradBackTanh64avx2, jetGradBackGelu64avx2, jetGradBackSilu64avx2}

	f.sum, f.dot, f.dotRows = sum32avx2, dot32avx2, dotRows32avx2
	f.logSumExpRows, f.softmaxRows = logSumExpRows32avx2, softmaxRows32avx2
	d.sum, d.dot, d.dotRows = sum64avx2, dot64avx2, dotRows64avx2
	d.logSumExpRows, d.softmaxRows = logSumExpRows64avx2, softmaxRows64avx2
	f.widen, f.narrow = widen32avx2, narrow32avx2
	f.spin, f.lanes = spin32avx2, 8
	d.spin, d.lanes = spin64avx2, 4
}
