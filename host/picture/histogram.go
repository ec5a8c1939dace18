package picture

import (
	"math"
	"slices"
)

// joint is the density of two coordinates on a grid, smoothed, its highest value 1 and shown by the power contrast.
func joint(p *Population, w []window) []float64 {
	z := make([]float64, bins*bins)
	each(p, 2, func(x []float64, share float64) {
		c, inside := w[0].bin(x[0])
		r, too := w[1].bin(x[1])
		if inside && too {
			z[c*bins+r] += share
		}
	})
	smooth(z, bins, 1)
	smooth(z, bins, bins)
	shown(z)
	return z
}

// marginal is likewise that of coordinate j of d.
func marginal(p *Population, j, d int, w window) []float64 {
	z := make([]float64, bins)
	each(p, d, func(x []float64, share float64) {
		if r, inside := w.bin(x[j]); inside {
			z[r] += share
		}
	})
	smooth(z, 1, 1)
	shown(z)
	return z
}

// each calls do for every particle with its weight, the largest 1.
func each(p *Population, d int, do func(x []float64, share float64)) {
	top := 0.0
	if p.LogW != nil {
		top = slices.Max(p.LogW)
	}
	for i := range len(p.X) / d {
		share := 1.0
		if p.LogW != nil {
			share = math.Exp(p.LogW[i] - top)
		}
		if share > 0 { // and not NaN
			do(p.X[i*d:(i+1)*d], share)
		}
	}
}

// kernel is a normal of one and a half bins' standard deviation.
var kernel = [...]float64{0.2660, 0.2130, 0.1093, 0.0360, 0.0076, 0.0010}

// smooth convolves lines of bins values, stride apart from one to the next, with the kernel.
func smooth(z []float64, lines, stride int) {
	line := make([]float64, bins)
	for l := range lines {
		at := l * bins
		if stride > 1 {
			at = l
		}
		for i := range line {
			line[i] = z[at+i*stride]
		}
		for i := range line {
			sum := kernel[0] * line[i]
			for k := 1; k < len(kernel); k++ {
				if i >= k {
					sum += kernel[k] * line[i-k]
				}
				if i+k < bins {
					sum += kernel[k] * line[i+k]
				}
			}
			z[at+i*stride] = sum
		}
	}
}

func shown(z []float64) {
	top := slices.Max(z)
	if top == 0 {
		return
	}
	for i, v := range z {
		z[i] = math.Pow(v/top, contrast)
	}
}
