package pinn

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/gram"
	"github.com/sampan-mc/sampan/vec/nn/jet"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
)

// Equation is the equation that V and μ are to obey.
type Equation int

// The equations; the package comment has them.
const (
	LogCE Equation = iota
	LogFP
	OT
	SB
	Score
)

func (e Equation) String() string { return [...]string{"LogCE", "LogFP", "OT", "SB", "Score"}[e] }

// Noisy tells whether there is a σ, and with it ΔV.
func (e Equation) Noisy() bool { return e == LogFP || e == SB || e == Score }

// Gradient tells whether the drift is the gradient of a potential Φ.
func (e Equation) Gradient() bool { return e == OT || e == SB }

// Config describes a loss.
type Config struct {
	Equation Equation
	jet.Features
	Hidden   []int
	Act      nn.Activation
	Residual bool
	Head     float64 // scale of the last layers' initial weights
	Ridge    *Ridge  // nil: perceptrons alone
	// Probes says that div μ of perceptrons is estimated along two random directions a point, Points.Probes, and that r² is the product
	// of the residuals of both, whose mean it is (Hutchinson). For Gradient and fields alone: rows of a Jacobian have no such pairs.
	Probes bool
	// Even says that V(−x, t) = V(x, t): φ and Φ are even, and μ odd.
	Even bool

	Known bool // batches hold known parts of V
	Norms int  // z to learn
}

// Loss is the nets φ and μ with the memory of a step on batches with tiles of P points.
type Loss[T vec.Float] struct {
	Config
	P               int
	Potential       nn.Net[T] // φ
	Drift           nn.Net[T] // μ, a field over the first Dim features; Φ where it is a gradient; nil where V gives it
	*optim.Slots[T]           // the gradient, after Gradient
	norm            nn.Tensor // z

	size    int
	pool    *par.Pool
	workers []*worker[T]
	sinks   []*nn.Gradient[T]
	records []*gram.Recorder[T]
	tiles   int // that the slots are for
	sums    []float64

	// What the loops' bodies, made once, read.
	w        *nn.Params[T]
	b        *Batch[T]
	r        []T
	byTile   func(worker, t int)
	bySlot   func(worker, s int)
	recorded *gram.Jacobian[T]
}

// New adds the nets name.potential and name.drift, and name.norm if there are z, to a layout.
func New[T vec.Float](layout *nn.Layout, name string, c Config) *Loss[T] {
	phi, mu := nets[T](layout, name, c)
	if c.Even {
		phi = nn.NewMirrored(phi, c.Dim, false)
		if mu != nil {
			mu = nn.NewMirrored(mu, c.Dim, !c.Equation.Gradient())
		}
	}
	return Of(layout, name, c, phi, mu)
}

// Of is New with nets that the layout has already, of inputs c.Width() and of the kinds that package jet knows; drift is Φ, or
// nil, for equations of that kind.
func Of[T vec.Float](layout *nn.Layout, name string, c Config, potential, drift nn.Net[T]) *Loss[T] {
	l := &Loss[T]{Config: c, Potential: potential, Drift: drift}
	if c.Norms > 0 {
		l.norm = layout.Add(name+".norm", nn.Init{}, c.Norms)
	}
	return l
}

// Norm is the tensor of the z.
func (l *Loss[T]) Norm() nn.Tensor { return l.norm }

// Start makes the memory of a step: for tiles of p points, the workers of pool, and the layout, now complete.
func (l *Loss[T]) Start(pool *par.Pool, layout *nn.Layout, p int) {
	l.P, l.pool, l.size = p, pool, layout.Size()
	l.workers, l.sinks = nil, nil
	for range pool.Workers() {
		l.workers = append(l.workers, newWorker(l, p))
		l.sinks = append(l.sinks, nn.NewGradient[T](layout))
	}
	l.byTile, l.bySlot = l.recordTile, l.addSlot
}

func (l *Loss[T]) begin(w *nn.Params[T], b *Batch[T]) {
	if b.P != l.P || (b.Tiles[0].Known != nil) != l.Known {
		panic("pinn: the batch is not of the loss's kind")
	}
	l.w, l.b = w, b
	for _, k := range l.workers {
		k.begin(w)
	}
}

// Gradient returns the mean of r² over the batch and the norm of its gradient.
func (l *Loss[T]) Gradient(w *nn.Params[T], b *Batch[T]) (loss, norm float64) {
	if len(b.Tiles) != l.tiles {
		l.tiles, l.Slots = len(b.Tiles), optim.NewSlots[T](l.size, len(b.Tiles))
		l.sums = make([]float64, l.Count())
	}
	l.begin(w, b)
	l.pool.For(l.Count(), l.bySlot)
	for _, s := range l.sums {
		loss += s
	}
	return loss / float64(b.Len()), l.Reduce(l.pool)
}

func (l *Loss[T]) addSlot(worker, s int) {
	k, sink, b := l.workers[worker], l.sinks[worker], l.b
	sink.G, l.sums[s] = l.Clear(s), 0
	lo, hi := l.Slots.Tiles(s)
	for t := lo; t < hi; t++ {
		k.residual(l.w, &b.Tiles[t])
		scale := T(2 / float64(b.Len()))
		if k.probes[1] != nil {
			scale /= 2
			l.sums[s] += vec.Dot(k.r, k.r2)
			vec.Scale(k.c1, scale, k.r2)
			vec.Scale(k.c2, scale, k.r)
			vec.Add(k.c, k.c1, k.c2)
		} else {
			l.sums[s] += vec.Dot(k.r, k.r)
			vec.Scale(k.c, scale, k.r)
		}
		k.back(l.w, &b.Tiles[t], sink)
	}
	k.end(l.w, sink)
}

// NewJacobian makes the Jacobian of the residuals of n points.
func (l *Loss[T]) NewJacobian(w *nn.Params[T], n int) *gram.Jacobian[T] {
	if l.Probes {
		panic("pinn: residuals of random directions have no Jacobian")
	}
	shape, b := &gram.Shape[T]{P: l.P}, NewBatch[T](l.Dim, l.P, l.P, l.Known, l.Norms)
	k := l.workers[0]
	k.begin(w)
	k.residual(w, &b.Tiles[0])
	k.back(w, &b.Tiles[0], shape)
	return gram.NewJacobian[T](n, l.P, l.size, shape.Blocks)
}

// Jacobian sets r to the residuals of the batch and j to their Jacobian. With a nil j there is no reverse pass.
func (l *Loss[T]) Jacobian(r []T, j *gram.Jacobian[T], w *nn.Params[T], b *Batch[T]) {
	if j != l.recorded {
		l.recorded, l.records = j, nil
		for range l.workers {
			if j != nil {
				l.records = append(l.records, gram.NewRecorder(j))
			}
		}
	}
	l.begin(w, b)
	l.r = r
	l.pool.For(len(b.Tiles), l.byTile)
}

func (l *Loss[T]) recordTile(worker, t int) {
	k, p := l.workers[worker], l.P
	k.residual(l.w, &l.b.Tiles[t])
	copy(l.r[t*p:(t+1)*p], k.r)
	if l.recorded == nil {
		return
	}
	for i := range k.c {
		k.c[i] = 1
	}
	l.records[worker].Begin(t)
	k.back(l.w, &l.b.Tiles[t], l.records[worker])
	l.records[worker].End()
}

// Flops is the number of floating-point operations of the matrix products that one Gradient of n points executes, a few
// that are done once for many points left out.
func (l *Loss[T]) Flops(n int) float64 {
	k := l.workers[0]
	one := k.phi.Flops()
	switch {
	case k.mu != nil:
		one += k.mu.Flops()
	case k.by != nil:
		one += k.by.Flops()
	}
	return one * float64(n)
}
