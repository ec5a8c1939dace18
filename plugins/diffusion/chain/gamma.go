package chain

import "math"

// LogGamma is log γ_{β_k}(x_k) of path i of a chain with temperatures, the log densities along the way having been asked for.
func (b *Batch[T]) LogGamma(k, i int) float64 {
	beta := b.Betas[k]
	if beta == 1 {
		return b.Along[k][i]
	}
	ref := -float64(b.Dim) / 2 * math.Log(2*math.Pi)
	x := b.State(i/b.P, k)
	for r := range b.Dim {
		mean, std := b.start(r)
		z := (float64(x.Row(r)[i%b.P]) - mean) / std
		ref -= z*z/2 + math.Log(std)
	}
	if beta == 0 {
		return ref
	}
	return (1-beta)*ref + beta*b.Along[k][i]
}
