package scld

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
)

// block is a stretch of the chain between two densities of the path, with paths over it.
type block struct {
	*chain.Batch[float32]
	gain    []float64 // G, as the steps were last simulated or replayed
	weights []float64 // of the paths at their starts, Σ = 1
}

func newBlock(b *chain.Batch[float32]) *block {
	return &block{b, make([]float64, b.Paths), make([]float64, b.Paths)}
}

func (b *block) weigh() { b.Gain(b.gain) }
