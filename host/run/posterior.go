package run

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/targets"
)

// posterior holds equally weighted draws on the declared scale, parameters first and derived outputs after them.
type posterior struct {
	params  []targets.Param
	outputs []targets.Param
	chains  int       // islands, for a population
	draws   int       // each
	width   int       // columns
	x       []float64 // chains×draws×width
}

// ofIslands makes the posterior of a population run: an island is a chain.
func ofIslands(ctx context.Context, r *smc.Result, declared targets.Density, t targets.Transform) (*posterior, error) {
	n := len(r.Islands[0].Draws) / r.D
	u := make([]float64, 0, len(r.Islands)*n*r.D)
	for _, is := range r.Islands {
		u = append(u, is.Draws...)
	}
	return newPosterior(ctx, u, len(r.Islands), n, declared, t)
}

// ofChains makes the posterior of plain chains.
func ofChains(ctx context.Context, r *mcmc.Result, declared targets.Density, t targets.Transform) (*posterior, error) {
	u := make([]float64, len(r.X))
	for i := range r.Draws {
		for c := range r.Chains {
			copy(u[(c*r.Draws+i)*r.D:][:r.D], r.X[(i*r.Chains+c)*r.D:][:r.D])
		}
	}
	return newPosterior(ctx, u, r.Chains, r.Draws, declared, t)
}

// newPosterior takes unconstrained points u, chains×draws×d, to the declared scale and derives the outputs.
func newPosterior(ctx context.Context, u []float64, chains, draws int, declared targets.Density, t targets.Transform) (*posterior, error) {
	n, d := chains*draws, t.Dim()
	t.Constrain(n, u, u)
	p := &posterior{params: declared.Info().Params, chains: chains, draws: draws, width: d, x: u}
	o, ok := declared.(targets.Outputs)
	if !ok {
		return p, nil
	}
	p.outputs = o.Outputs()
	extra := 0
	for _, q := range p.outputs {
		extra += q.Size()
	}
	out := make([]float64, n*extra)
	if err := o.Derive(ctx, n, u, out); err != nil {
		return nil, fmt.Errorf("derive the outputs of the draws: %w", err)
	}
	p.width = d + extra
	p.x = make([]float64, n*p.width)
	for i := range n {
		copy(p.x[i*p.width:], u[i*d:(i+1)*d])
		copy(p.x[i*p.width+d:], out[i*extra:(i+1)*extra])
	}
	return p, nil
}

// column is coordinate j of the draws, chain by chain.
func (p *posterior) column(j int) [][]float64 {
	out := make([][]float64, p.chains)
	for c := range out {
		out[c] = make([]float64, p.draws)
		for i := range out[c] {
			out[c][i] = p.x[(c*p.draws+i)*p.width+j]
		}
	}
	return out
}

// names are the columns' names: beta, or beta[0] and phi[0,1] for parameters with a shape.
func (p *posterior) names() []string {
	var out []string
	for _, q := range append(append([]targets.Param{}, p.params...), p.outputs...) {
		out = append(out, flatNames(q)...)
	}
	return out
}

func flatNames(q targets.Param) []string {
	if len(q.Shape) == 0 {
		return []string{q.Name}
	}
	out := make([]string, q.Size())
	for i := range out {
		index := make([]string, len(q.Shape))
		rest := i
		for k := len(q.Shape) - 1; k >= 0; k-- {
			index[k] = strconv.Itoa(rest % q.Shape[k])
			rest /= q.Shape[k]
		}
		out[i] = q.Name + "[" + strings.Join(index, ",") + "]"
	}
	return out
}
