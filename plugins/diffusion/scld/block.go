package scld

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
)

// block is a stretch of the chain between two densities of the path, with paths over it.
type block struct {
	*chain.Batch[float32]
	first, last float64   // β at its ends
	start       []float64 // log ρ at the paths' starts; chain.Batch.End has the other
	gain        []float64 // G
	weights     []float64 // of the paths at their starts, Σ = 1
	ref         []float64 // scratch
}

func newBlock(b *chain.Batch[float32]) *block {
	n := b.Paths
	return &block{
		Batch: b, first: b.Betas[0], last: b.Betas[b.K()],
		start: make([]float64, n), gain: make([]float64, n), weights: make([]float64, n), ref: make([]float64, b.P),
	}
}

// weigh sets gain from the steps as they were last simulated or replayed.
func (b *block) weigh() {
	for t := range b.Paths / b.P {
		lo := t * b.P
		startLogP(b.ref, b.State(t, b.K()), b.Scale)
		for j, r := range b.ref {
			b.gain[lo+j] = logGamma(b.last, r, b.End[lo+j])
		}
		startLogP(b.ref, b.State(t, 0), b.Scale)
		for j, r := range b.ref {
			b.gain[lo+j] -= logGamma(b.first, r, b.start[lo+j])
		}
	}
	for _, steps := range b.Delta {
		for i, d := range steps {
			b.gain[i] += d
		}
	}
}
