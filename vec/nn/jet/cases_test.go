package jet

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// plain evaluates a net at points one at a time.
type plain struct {
	Features
	w    *nn.Params[float64]
	in   tile.Tile[float64]
	pass nn.Pass[float64]
}

func newPlain(net nn.Net[float64], w *nn.Params[float64], f Features) *plain {
	var a tile.Arena[float64]
	p := &plain{Features: f, w: w, in: a.Input(net.In(), 1)}
	p.pass = net.NewPass(&a, p.in, nil)
	return p
}

func (p *plain) at(x []float64, t float64) []float64 {
	for i, v := range x {
		p.in.Row(i)[0] = p.Scale * v
	}
	nn.Fill(p.Time, p.in.Slice(p.Dim, p.Width()), []float64{t})
	return p.pass.Forward(p.w, nil).Flat()
}

type points[T vec.Float] struct {
	x tile.Tile[T]
	t []T
}

func draw[T vec.Float](d, p int, seed uint64) points[T] {
	r := rand.New(rand.NewPCG(seed, 1))
	q := points[T]{tile.New[T](d, p), make([]T, p)}
	for i := range q.x.Data {
		q.x.Data[i] = T(1.5 * r.NormFloat64())
	}
	for i := range q.t {
		q.t[i] = T(r.Float64())
	}
	return q
}

func (q points[T]) at(p int) (x []float64, t float64) {
	for i := range q.x.Rows {
		x = append(x, float64(q.x.Row(i)[p]))
	}
	return x, float64(q.t[p])
}

// diff is the central difference of f by coordinate i of (x, t), and the second difference.
func diff(f func(x []float64, t float64) float64, x []float64, t float64, i int) (first, second float64) {
	const e = 1e-3
	at := func(e float64) float64 {
		y, s := append([]float64(nil), x...), t
		if i < len(x) {
			y[i] += e
		} else {
			s += e
		}
		return f(y, s)
	}
	a, b, c, d := at(-2*e), at(-e), at(e), at(2*e)
	return (a - 8*b + 8*c - d) / (12 * e), (-a + 16*b - 30*at(0) + 16*c - d) / (12 * e * e)
}

type config struct {
	Features
	act              nn.Activation
	hidden           []int
	p                int
	residual         bool
	time             []int // hidden layers of a net of time that conditions
	times            int   // features that it sees
	directions       int   // of ridge nets
	alone            bool  // ridge nets alone
	directionsHidden []int
	embed            int
	mirrored         bool
}

var cases = []config{
	{Features: Features{Dim: 1, Scale: 1}, act: nn.Tanh, hidden: []int{8}, p: 8},
	{Features: Features{Dim: 2, Scale: 0.5, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{20, 12, 16}, p: 32},
	{Features: Features{Dim: 3, Scale: 1.2}, act: nn.SiLU, hidden: []int{9, 16, 5}, p: 16},
	// Two hidden layers, whose divergence is a bilinear form: told of in terms, and as a whole.
	{Features: Features{Dim: 2, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.GELU, hidden: []int{24, 30}, p: 17},
	{Features: Features{Dim: 6, Scale: 0.8, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.Tanh, hidden: []int{12, 9}, p: 16},
	{Features: Features{Dim: 3, Scale: 0.6}, act: nn.SiLU, hidden: []int{8, 8}, p: 8, time: []int{7}, times: 1},
	// Residual, and conditioned by time.
	{Features: Features{Dim: 3, Scale: 0.9, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.GELU, hidden: []int{10, 10, 10}, p: 16, residual: true},
	{Features: Features{Dim: 2, Scale: 1, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{12, 12, 8, 8}, p: 9, residual: true, time: []int{8, 6}, times: 5},
	{Features: Features{Dim: 1, Scale: 1, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.SiLU, hidden: []int{9}, p: 8, time: []int{7}, times: 2},
	// Ridge nets, alone and with perceptrons; more directions than one group holds.
	{Features: Features{Dim: 3, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.Tanh, p: 16, directions: 5, alone: true, directionsHidden: []int{8, 8}, embed: 3},
	{Features: Features{Dim: 4, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 2}}, act: nn.Tanh, hidden: []int{10, 8}, p: 64, directions: 6, directionsHidden: []int{9, 7}, embed: 2},
	{Features: Features{Dim: 2, Scale: 1}, act: nn.SiLU, hidden: []int{8, 6, 7}, p: 8, directions: 2, directionsHidden: []int{6}},
	// Even potentials and odd fields.
	{Features: Features{Dim: 3, Scale: 0.7, Time: nn.Sinusoid{Harmonics: 1}}, act: nn.Tanh, hidden: []int{10, 8}, p: 16, directions: 4, directionsHidden: []int{8, 8}, embed: 2, mirrored: true},
	{Features: Features{Dim: 2, Scale: 1}, act: nn.SiLU, hidden: []int{9, 7, 5}, p: 8, mirrored: true},
}

func each(t *testing.T, test func(t *testing.T, i int)) {
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d/d=%d", i, c.Dim), func(t *testing.T) { test(t, i) })
	}
}

// build is the net of a case, of that many outputs, with directions a if they are there already.
func build[T vec.Float](l *nn.Layout, name string, c config, out int, a *nn.Dense) nn.Net[T] {
	var sum []nn.Net[T]
	if c.directions > 0 {
		rc := nn.RidgeConfig{
			Dim: c.Dim, Directions: c.directions, Shared: c.Time.Rows(), EmbedDim: c.embed, Scale: 1.3, Potential: a.Out > 0,
			MLP: nn.MLPConfig{Hidden: c.directionsHidden, Act: c.act, Head: 1},
		}
		if a.Out == 0 {
			*a = nn.NewLinear(l, "directions", c.Dim, c.directions, nn.LeCun(c.Dim, 1))
		}
		sum = append(sum, nn.NewRidgeAlong[T](l, name+".ridge", rc, *a))
	}
	if c.alone {
		return sum[0]
	}
	m := nn.NewMLP[T](l, name, nn.MLPConfig{In: c.Width(), Out: out, Hidden: c.hidden, Act: c.act, Residual: c.residual, Cond: c.times > 0, Head: 1})
	if c.times > 0 {
		time := nn.NewMLP[T](l, name+".time", nn.MLPConfig{In: c.times, Out: c.hidden[0], Hidden: c.time, Act: c.act, Head: 1})
		return nn.NewConditioned[T](m, time)
	}
	if sum == nil {
		return m
	}
	return nn.NewSum(append(sum, m)...)
}

// nets are a potential's net, a field's, and a set of parameters for both, large enough that the curvature shows.
func nets[T vec.Float](i int) (phi, mu nn.Net[T], w *nn.Params[T]) {
	var l nn.Layout
	var a nn.Dense
	mu = build[T](&l, "mu", cases[i], cases[i].Dim, &a)
	phi = build[T](&l, "phi", cases[i], 1, &a)
	if d := cases[i].Dim; cases[i].mirrored {
		phi, mu = nn.NewMirrored(phi, d, false), nn.NewMirrored(mu, d, true)
	}
	w = nn.NewParams[T](&l)
	w.Init(rng.NewKey(uint64(i), "test", 0))
	r := rand.New(rand.NewPCG(uint64(i), 7))
	for j := range w.Theta {
		w.Theta[j] += T(0.1 * r.NormFloat64())
	}
	w.Refresh()
	return phi, mu, w
}
