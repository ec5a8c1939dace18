package control

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/jet"
)

// Arch is an architecture of the net n.
type Arch struct {
	Kind     string // one of Kinds
	Width    int
	Depth    int // hidden layers
	Residual bool
	Act      nn.Activation
	Small    int // width of the net that coordinates share, or directions
}

// Kinds are the architectures by name: a perceptron; a small one that all coordinates share, for targets that are products
// along them; their sum; the sum of a perceptron and a small one shared by learned directions, along which they may be
// products instead (nn.Ridge); the gradient by y of a scalar perceptron of y and the time, for each drift.
var Kinds = []string{"mlp", "perdim", "perdim+mlp", "ridge+mlp", "potential"}

// Gates are the values that the gates start at.
type Gates struct{ Score, State float64 }

// Model is a control with its time net, and all their parameters.
type Model[T vec.Float] struct {
	Layout nn.Layout
	Net    *Net[T]
	Clock  nn.Net[T] // of t; nil if there are no conditions
	Start  []float64 // the constants of the conditions
	Time   nn.Sinusoid
}

const (
	fourier   = 32   // frequencies of the time net
	slowest   = 0.1  // rad per unit of time
	quickest  = 20.0 // likewise
	gateWidth = 32
	harmonics = 4 // of the time among the inputs of nets that take no conditions
	embed     = 8 // length of what tells a coordinate from another
)

// Build makes a model. Of s, Times is for Build to say.
func Build[T vec.Float](s Shape, a Arch, g Gates) (*Model[T], error) {
	m := &Model[T]{}
	hidden := make([]int, a.Depth)
	for i := range hidden {
		hidden[i] = a.Width
	}
	if a.Depth < 1 || a.Width < 1 {
		return nil, fmt.Errorf("net: width %d and depth %d found; accepted: 1 or more each", a.Width, a.Depth)
	}
	s.Score = s.Score && a.Kind != "potential" // what enters by the score is no function of y and the time alone
	fields := 1
	if s.Score {
		fields = 2
	}
	var body nn.Net[T]
	mlp := nn.MLPConfig{Hidden: hidden, Act: a.Act, Residual: a.Residual}
	small := func() nn.MLPConfig {
		return nn.MLPConfig{Hidden: []int{a.Small, a.Small}, Act: a.Act}
	}
	if a.Kind != "mlp" {
		m.Time = nn.Sinusoid{Harmonics: harmonics}
		s.Times = m.Time.Rows()
	}
	mlp.In, mlp.Out = s.BodyIn(), s.BodyOut()
	perDim := func() nn.Net[T] {
		return nn.NewPerDim[T](&m.Layout, "perdim", nn.PerDimConfig{
			Dim: s.active(), Fields: fields, Shared: s.Times, EmbedDim: embed, Outs: s.blocks(), MLP: small(),
		})
	}
	ridge := func() nn.Net[T] {
		return nn.NewRidge[T](&m.Layout, "ridge", nn.RidgeConfig{
			Dim: s.active(), Fields: fields, Shared: s.Times, Directions: directions(s.active()), EmbedDim: embed, Outs: s.blocks(), MLP: small(),
		})
	}
	switch a.Kind {
	case "mlp":
		mlp.Cond = true
		body = nn.NewMLP[T](&m.Layout, "mlp", mlp)
	case "perdim":
		body = perDim()
	case "perdim+mlp":
		body = nn.NewSum(perDim(), nn.NewMLP[T](&m.Layout, "mlp", mlp))
	case "ridge+mlp":
		body = nn.NewSum(ridge(), nn.NewMLP[T](&m.Layout, "mlp", mlp))
	case "potential":
		body = m.potential(s, mlp)
	default:
		return nil, fmt.Errorf("net: %q found; accepted: %q", a.Kind, Kinds)
	}
	m.Net = New(s, body)
	m.clock(g)
	return m, nil
}

// potential makes a = ∇φ_a and b = ∇φ_b, and ℓ of a perceptron beside them.
func (m *Model[T]) potential(s Shape, c nn.MLPConfig) nn.Net[T] {
	net := func(name string, out int) *nn.MLP[T] {
		c.Out = out
		return nn.NewMLP[T](&m.Layout, name, c)
	}
	parts := []nn.Net[T]{jet.NewGradient(net("potential", 1), s.active())}
	if s.Std {
		parts = append(parts, net("std", s.active()))
	}
	if s.Two {
		parts = append(parts, jet.NewGradient(net("potential.back", 1), s.active()))
	}
	return nn.NewStack(parts...)
}

// directions is how many there are of d coordinates: two for each where there are few.
func directions(d int) int { return max(d, min(2*d, 32)) }

// clock makes the time net: an embedding for the body's first layer, and gates that start at constants.
func (m *Model[T]) clock(g Gates) {
	n := m.Net
	timed := func(name string, width, out int, head float64) nn.Net[T] {
		f := nn.NewFourier[T](&m.Layout, name+".time", fourier, slowest, quickest, nn.Init{})
		return nn.NewChain[T](f, nn.NewMLP[T](&m.Layout, name, nn.MLPConfig{In: f.Out(), Out: out, Hidden: []int{width}, Act: nn.GELU, Head: head}))
	}
	var parts []nn.Net[T]
	if c := n.Body.Cond(); c > 0 {
		parts = append(parts, timed("clock", c, c, 1))
		m.Start = make([]float64, c)
	}
	if c := n.GateCount(); c > 0 {
		parts = append(parts, timed("gates", gateWidth, c, 0))
		m.Start = append(m.Start, n.gateStart(g)...)
	}
	switch len(parts) {
	case 1:
		m.Clock = parts[0]
	case 2:
		m.Clock = nn.NewStack(parts...)
	}
}

// gateStart is the constants of the gates, in the order of the conditions.
func (s Shape) gateStart(g Gates) []float64 {
	v := make([]float64, 0, s.GateCount())
	fill := func(x float64) {
		for range s.Dim {
			v = append(v, x)
		}
	}
	if s.Gates {
		fill(g.Score)
		fill(g.State)
	}
	if s.Std {
		fill(0)
	}
	if s.Gates && s.Two {
		fill(0)
		fill(0)
	}
	return v
}
