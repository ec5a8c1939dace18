package vec

func installAVX512(f *kernels[float32], d *kernels[float64]) {
	f.gemm = gemmWith(panels[float32]{[]panel[float32]{
		gemm32x1v2avx512, gemm32x2v2avx512, gemm32x3v2avx512, gemm32x4v2avx512,
		gemm32x5v2avx512, gemm32x6v2avx512, gemm32x7v2avx512, gemm32x8v2avx512,
		gemm32x9v2avx512, gemm32x10v2avx512, gemm32x11v2avx512, gemm32x12v2avx512,
		gemm32x13v2avx512, gemm32x14v2avx512,
	}, 32}, panels[float32]{}, dotRows32avx512)
	d.gemm = gemmWith(panels[float64]{[]panel[float64]{
		gemm64x1v2avx512, gemm64x2v2avx512, gemm64x3v2avx512, gemm64x4v2avx512,
		gemm64x5v2avx512, gemm64x6v2avx512, gemm64x7v2avx512, gemm64x8v2avx512,
		gemm64x9v2avx512, gemm64x10v2avx512, gemm64x11v2avx512, gemm64x12v2avx512,
		gemm64x13v2avx512, gemm64x14v2avx512,
	}, 16}, panels[float64]{}, dotRows64avx512)

	f.exp, f.log, f.log1p, f.tanh, f.sigmoid = exp32avx512, log32avx512, log1p32avx512, tanh32avx512, sigmoid32avx512
	f.softplus, f.erf, f.gelu, f.silu, f.sqrt = softplus32avx512, erf32avx512, gelu32avx512, silu32avx512, sqrt32avx512
	f.tanhD, f.sigmoidD, f.softplusD, f.geluD, f.siluD = tanhD32avx512, sigmoidD32avx512, softplusD32avx512, geluD32avx512, siluD32avx512
	f.sinCos2Pi = sinCos2Pi32avx512
	f.tanhDD, f.geluDD, f.siluDD = tanhDD32avx512, geluDD32avx512, siluDD32avx512
	f.mul, f.add, f.sub, f.div, f.mulAdd = mul32avx512, add32avx512, sub32avx512, div32avx512, mulAdd32avx512
	f.axpy, f.scale, f.lerp, f.adam = axpy32avx512, scale32avx512, lerp32avx512, adam32avx512

	d.exp, d.log, d.log1p, d.tanh, d.sigmoid = exp64avx512, log64avx512, log1p64avx512, tanh64avx512, sigmoid64avx512
	d.softplus, d.erf, d.gelu, d.silu, d.sqrt = softplus64avx512, erf64avx512, gelu64avx512, silu64avx512, sqrt64avx512
	d.tanhD, d.sigmoidD, d.softplusD, d.geluD, d.siluD = tanhD64avx512, sigmoidD64avx512, softplusD64avx512, geluD64avx512, siluD64avx512
	d.sinCos2Pi = sinCos2Pi64avx512
	d.tanhDD, d.geluDD, d.siluDD = tanhDD64avx512, geluDD64avx512, siluDD64avx512
	d.mul, d.add, d.sub, d.div, d.mulAdd = mul64avx512, add64avx512, sub64avx512, div64avx512, mulAdd64avx512
	d.axpy, d.scale, d.lerp, d.adam = axpy64avx512, scale64avx512, lerp64avx512, adam64avx512

	f.uniforms, f.normals = uniforms32avx512, normals32avx512
	d.uniforms, d.normals = uniforms64avx512, normals64avx512
	f.transpose = transposeWith(transposeBlocks32avx2, 8)
	d.transpose = transposeWith(transposeBlocks64avx2, 4)
	f.gather, d.gather = gather32avx512, gather64avx512

	f.jetLaplace = [activations]jet[float32]{jetLaplaceTanh32avx512, jetLaplaceGelu32avx512, jetLaplaceSilu32avx512}
	f.jetGrad = [activations]jet[float32]{jetGradTanh32avx512, jetGradGelu32avx512, jetGradSilu32avx512}
	f.jetLaplaceBack = [activations]jetBack[float32]{jetLaplaceBackTanh32avx512, jetLaplaceBackGelu32avx512, jetLaplaceBackSilu32avx512}
	f.jetGradBack = [activations]jetBack[float32]{jetGradBackTanh32avx512, jetGradBackGelu32avx512, jetGradBackSilu32avx512}
	d.jetLaplace = [activations]jet[float64]{jetLaplaceTanh64avx512, jetLaplaceGelu64avx512, jetLaplaceSilu64avx512}
	d.jetGrad = [activations]jet[float64]{jetGradTanh64avx512, jetGradGelu64avx512, jetGradSilu64avx512}
	d.jetLaplaceBack = [activations]jetBack[float64]{jetLaplaceBackTanh64avx512, jetLaplaceBackGelu64avx512, jetLaplaceBackSilu64avx512}
	d.jetGradBack = [activations]jetBack[float64]{jetGradBackTanh64avx512, jetGradBackGelu64avx512, jetGradBackSilu64avx512}

	f.sum, f.dot, f.dotRows = sum32avx512, dot32avx512, dotRows32avx512
	f.logSumExpRows, f.softmaxRows = logSumExpRows32avx512, softmaxRows32avx512
	d.sum, d.dot, d.dotRows = sum64avx512, dot64avx512, dotRows64avx512
	d.logSumExpRows, d.softmaxRows = logSumExpRows64avx512, softmaxRows64avx512
	f.widen, f.narrow = widen32avx512, narrow32avx512
	f.spin, f.lanes = spin32avx512, 16
	d.spin, d.lanes = spin64avx512, 8
}
