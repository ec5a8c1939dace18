package smc

import "github.com/sampan-mc/sampan/smc/mcmc"

// Particles is a weighted population: what resampling moves together. Row i is slot First + i.
type Particles struct {
	N, D, A int
	First   int       // 0, but in a part of a population
	X       []float64 // N×D
	Aux     []float64 // N×A: independent of X under the law at a cut, as momenta are; nil if A is 0
	// LogRef and LogTarget are log γ_0 and log γ_1 at X: with them log γ_β is known for any β.
	LogRef, LogTarget []float64 // N
	LogOwn            []float64 // N: log of the transport's own γ_k, nil where it has none
	LogW              []float64 // N: log weights since the last resampling; −Inf is dead, and stays so
	Lineage           []int32   // N: ancestor at stage 0
	// Used counts what a segment asked of the target to make these particles.
	Used Evals
}

// Evals counts points at which a target was evaluated.
type Evals struct {
	Density  int64 // log density alone
	Gradient int64 // log density and gradient
}

// NewParticles makes a population of equal weights at the origin, every particle its own ancestor.
func NewParticles(n, d, aux int) *Particles {
	p := &Particles{
		N: n, D: d, A: aux, X: make([]float64, n*d),
		LogRef: make([]float64, n), LogTarget: make([]float64, n), LogW: make([]float64, n), Lineage: make([]int32, n),
	}
	if aux > 0 {
		p.Aux = make([]float64, n*aux)
	}
	for i := range p.Lineage {
		p.Lineage[i] = int32(i)
	}
	return p
}

// LogGamma is log γ_β at particle i.
func (p *Particles) LogGamma(beta float64, i int) float64 {
	return mcmc.Log(beta, p.LogRef[i], p.LogTarget[i])
}
