package paths

import (
	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/tile"
)

// loss is the stage of the plan's loss.
func (p *Plan) loss(t *training) stage {
	switch p.Loss {
	case VarGrad:
		return &trajectory{training: t, objective: &spread{loss: chain.VarGrad[float32]}}
	case TrajectoryBalance:
		return &trajectory{training: t, objective: newBalance(1)}
	case BSDE:
		return &trajectory{training: t, objective: newBalance(2)}
	case KL:
		return &trajectory{training: t, objective: &divergence{detach: p.Detach || !hessian(t.problem.Target)}}
	case LogDerivative:
		return &trajectory{training: t, objective: &logDerivative{}}
	case SubTB:
		return &trajectory{training: t, objective: newSubTrajectories(t.sampler.Spec, p.Cuts, p.Decay)}
	case AdjointSampling:
		return &adjointSampling{training: t}
	}
	return &trajectory{training: t, objective: &spread{loss: chain.LogVariance[float32]}}
}

// spread is a loss of how far log weights are apart.
type spread struct {
	loss func(coef []float32, lw []float64) (loss float64, bad int)
	coef []float32
	all  func(k int) []float32
}

func (s *spread) keeps() (map[string][]float32, map[string]*int) { return nil, nil }

func (s *spread) ready(b *chain.Batch[float32]) {
	s.coef = tile.Aligned[float32](b.Paths)
	s.all = func(int) []float32 { return s.coef }
}

func (s *spread) back(t *training, b *chain.Batch[float32], _ int) (loss, norm float64) {
	loss, _ = s.loss(s.coef, b.LogW)
	return loss, t.takeBack(b, s.all)
}

// constants are normalising constants that are learned beside the parameters, by Adam at a rate of their own, which begin at
// what the first batch says.
type constants struct {
	c, g  []float32
	adam  *optim.Adam[float32]
	begun int
}

// constantRate is that rate, in units of log Z. Malkin et al. take 0.1 as well.
const constantRate = 0.1

func newConstants(n int) constants {
	return constants{c: make([]float32, n), g: make([]float32, n), adam: optim.New[float32](optim.Config{Beta1: .9, Beta2: .999, Eps: 1e-8}, n)}
}

func (c *constants) keeps() (map[string][]float32, map[string]*int) {
	return map[string][]float32{"constants": c.c, "constants.m": c.adam.M, "constants.v": c.adam.V},
		map[string]*int{"constants": &c.begun, "constants.adam": &c.adam.Steps}
}

func (c *constants) step(t *training, i int) {
	norm := 0.0
	for _, g := range c.g {
		norm += float64(g) * float64(g)
	}
	rate := optim.Schedule{Peak: constantRate, Final: constantRate / 100, Steps: t.steps}
	c.adam.Step(t.pool, c.c, c.g, norm, rate.At(i))
}

// balance is mean (log w − c)², c learned, in halves: trajectory balance, and the loss of the BSDE.
type balance struct {
	spread
	constants
	scale float32
}

func newBalance(scale float32) *balance { return &balance{constants: newConstants(1), scale: scale} }

func (o *balance) keeps() (map[string][]float32, map[string]*int) { return o.constants.keeps() }

func (o *balance) back(t *training, b *chain.Batch[float32], i int) (loss, norm float64) {
	if o.begun == 0 {
		o.begun, o.c[0] = 1, float32(mean(b.LogW))
	}
	loss, slope, _ := chain.TrajectoryBalance(o.coef, b.LogW, float64(o.c[0]))
	for j := range o.coef {
		o.coef[j] *= o.scale
	}
	norm = t.takeBack(b, o.all)
	o.g[0] = o.scale * float32(slope)
	o.step(t, i)
	return loss * float64(o.scale), norm
}

// mean of the finite log weights.
func mean(lw []float64) float64 {
	loss, _ := chain.KL(make([]float32, len(lw)), lw)
	return -loss
}

// divergence is KL, through the simulation.
type divergence struct {
	coef   []float32
	detach bool
}

func (o *divergence) keeps() (map[string][]float32, map[string]*int) { return nil, nil }

func (o *divergence) ready(b *chain.Batch[float32]) { o.coef = tile.Aligned[float32](b.Paths) }

func (o *divergence) back(t *training, b *chain.Batch[float32], _ int) (loss, norm float64) {
	loss, _ = chain.KL(o.coef, b.LogW)
	return loss, b.Tilt(t.params, o.coef, o.detach)
}

// logDerivative is KL, by the log-derivative of what draws the paths.
type logDerivative struct{ there, home []float32 }

func (o *logDerivative) keeps() (map[string][]float32, map[string]*int) { return nil, nil }

func (o *logDerivative) ready(b *chain.Batch[float32]) {
	o.there, o.home = tile.Aligned[float32](b.Paths), tile.Aligned[float32](b.Paths)
}

func (o *logDerivative) back(t *training, b *chain.Batch[float32], _ int) (loss, norm float64) {
	loss, _ = chain.LogDerivative(o.there, o.home, b.LogW)
	return loss, b.BackEach(t.params, func(int) []float32 { return o.there }, func(int) []float32 { return o.home })
}
