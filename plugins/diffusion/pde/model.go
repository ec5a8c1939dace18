package pde

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/rng"
)

// The nets for φ and μ.
const (
	RidgeMLP = "ridge+mlp" // the sum of the next two
	Ridge    = "ridge"     // sums along learned directions
	MLP      = "mlp"
)

// model is the nets and what is known of V.
type model struct {
	base
	sigma  float64
	layout nn.Layout
	loss   *pinn.Loss[float32]
}

const (
	ridgeWidth = 32
	embedding  = 8
	harmonics  = 2
	// Scales of the last layers' initial weights. Where there are many coordinates μ starts near 0.
	headRidge, headMLP, headMany = 0.01, 0.1, 0.01
	many                         = 16 // coordinates
)

// newModel makes the nets for dim coordinates, idle of them idle, with that many directions.
func (p *Plan) newModel(dim, idle, directions int) *model {
	m := &model{base: p.base(dim, idle), sigma: p.Sigma}
	c := pinn.Config{
		Equation: p.Equation, Features: jet.Features{Dim: dim - idle, Scale: 1, Time: nn.Sinusoid{Harmonics: harmonics}},
		Hidden: []int{p.Width, p.Width}, Act: nn.Tanh, Head: headMLP, Known: true, Norms: norms, Probes: p.Probes, Even: p.Even,
	}
	if c.Dim > many {
		c.Head = headMany
	}
	if p.Net != MLP {
		c.Ridge = &pinn.Ridge{Directions: directions, Hidden: []int{ridgeWidth, ridgeWidth}, Embed: embedding, Act: nn.Tanh, Head: headRidge, Alone: p.Net == Ridge}
	}
	m.loss = pinn.New[float32](&m.layout, "flow", c)
	return m
}

// start sets parameters to what a training begins with. The nets along directions see projections, in the frame, of about unit
// scale, among inputs of which there are many: wells within that scale want weights as large as if there were none beside.
func (m *model) start(w *nn.Params[float32], key rng.Key, directions, norm []float32) {
	w.Init(key)
	for _, net := range []nn.Net[float32]{m.loss.Potential, m.loss.Drift} {
		if s, ok := net.(*nn.Mirrored[float32]); ok {
			net = s.Net
		}
		if s, ok := net.(*nn.Sum[float32]); ok {
			net = s.Nets[0]
		}
		r, ok := net.(*nn.Ridge[float32])
		if !ok {
			continue
		}
		first := r.Net.Net.Layers[0]
		row := nn.Matrix(first, w.Theta)[:first.Out]
		vec.Scale(row, float32(math.Sqrt(float64(first.In))), row)
	}
	if m.loss.Ridge != nil {
		a := make([]float64, len(directions))
		for i, v := range directions {
			a[i] = float64(v)
		}
		m.loss.SetDirections(w, a)
	}
	copy(w.Of(m.loss.Norm()), norm)
	w.Refresh()
}

// at is a copy of parameters.
func (m *model) at(theta []float32) *nn.Params[float32] {
	w := nn.NewParams[float32](&m.layout)
	copy(w.Theta, theta)
	w.Refresh()
	return w
}

// orthogonal is n directions in d dimensions, in random orthogonal frames one after another; row-major.
func orthogonal(n, d int, key rng.Key) []float32 {
	var out []float32
	for block := 0; len(out) < n*d; block++ {
		z := make([]float64, d*d)
		key.Normals(z, uint32(block), 0, 0)
		var qr mat.QR
		qr.Factorize(mat.NewDense(d, d, z))
		var q, r mat.Dense
		qr.QTo(&q)
		qr.RTo(&r)
		for i := range d {
			for j := range d { // the signs that make it uniform
				out = append(out, float32(math.Copysign(q.At(j, i), q.At(j, i)*r.At(i, i))))
			}
		}
	}
	return out[:n*d]
}

// axes is the identity.
func axes(d int) []float32 {
	out := make([]float32, d*d)
	for i := range d {
		out[i*d+i] = 1
	}
	return out
}
