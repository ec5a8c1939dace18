package nn

import (
	"testing"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/optim"
	"github.com/sampan-mc/sampan/vec/par"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// regression is a whole training step: fit a net to fixed values at fixed points, tile by tile.
type regression[T vec.Float] struct {
	w     *Params[T]
	pool  *par.Pool
	slots *optim.Slots[T]
	adam  *optim.Adam[T]
	x, y  []tile.Tile[T]
	at    []regressionWorker[T]
	loss  []float64
	body  func(worker, slot int)
}

type regressionWorker[T vec.Float] struct {
	in, dy tile.Tile[T]
	pass   Pass[T]
	sink   *Gradient[T]
}

func newRegression[T vec.Float](build func(l *Layout) Net[T], workers, p, tiles int) *regression[T] {
	var l Layout
	net := build(&l)
	r := &regression[T]{w: NewParams[T](&l), pool: par.NewPool(workers)}
	r.w.Init(rng.NewKey(1, "init", 0))
	r.slots, r.adam = optim.NewSlots[T](l.Size(), tiles), optim.New[T](optim.Default, l.Size())
	r.loss = make([]float64, r.slots.Count())
	for i := range tiles {
		x, y := tile.New[T](net.In(), p), tile.New[T](net.Out(), p)
		vec.Normals(x.Data, p, x.Rows, p, rng.NewKey(1, "x", 0), uint32(i*p), 0, 0)
		vec.Normals(y.Data, p, y.Rows, p, rng.NewKey(1, "y", 0), uint32(i*p), 0, 0)
		r.x, r.y = append(r.x, x), append(r.y, y)
	}
	for range workers {
		var a tile.Arena[T]
		k := regressionWorker[T]{in: a.Input(net.In(), p), dy: a.Tile(net.Out(), p), sink: NewGradient[T](&l)}
		k.pass = net.NewPass(&a, k.in, nil)
		r.at = append(r.at, k)
	}
	r.body = r.slot
	return r
}

func (r *regression[T]) slot(worker, slot int) {
	k := &r.at[worker]
	k.sink.G, r.loss[slot] = r.slots.Clear(slot), 0
	lo, hi := r.slots.Tiles(slot)
	for i := lo; i < hi; i++ {
		k.in.Slice(0, k.in.Rows-1).Copy(r.x[i])
		vec.Sub(k.dy.Flat(), k.pass.Record(r.w, nil).Flat(), r.y[i].Flat())
		r.loss[slot] += vec.Dot(k.dy.Flat(), k.dy.Flat())
		vec.Scale(k.dy.Flat(), T(2/float64(len(r.x)*k.dy.P)), k.dy.Flat())
		k.pass.Backward(r.w, k.dy, k.sink, false)
	}
}

// step is one step of Adam; it returns the loss before it.
func (r *regression[T]) step() float64 {
	r.w.Refresh()
	r.pool.For(r.slots.Count(), r.body)
	r.adam.Step(r.pool, r.w.Theta, r.slots.Grad, r.slots.Reduce(r.pool), 1e-2)
	sum := 0.0
	for _, l := range r.loss {
		sum += l
	}
	return sum / float64(len(r.x)*r.at[0].dy.P)
}

// TestWorkersDoNotMatter: ten steps of training end in the same bits for 1, 2, 3 and 7 workers, and train.
func TestWorkersDoNotMatter(t *testing.T) {
	for name, build := range zoo[float32]() {
		t.Run(name, func(t *testing.T) {
			var want []float32
			for _, workers := range []int{1, 2, 3, 7} {
				r := newRegression(build, workers, 64, 11)
				first := r.step()
				var last float64
				for range 10 {
					last = r.step()
				}
				if !(last < first) {
					t.Fatalf("the loss went from %v to %v", first, last)
				}
				if want == nil {
					want = r.w.Theta
				}
				same(t, "parameter", r.w.Theta, want)
				same(t, "average", r.adam.Mean, r.adam.Mean)
			}
		})
	}
}

// TestPaddingStaysZero: the places between tensors are parameters that nothing reads; no step moves them.
func TestPaddingStaysZero(t *testing.T) {
	for name, build := range zoo[float64]() {
		r := newRegression(build, 1, 64, 2)
		r.step()
		used := make([]bool, r.w.Size())
		for _, tensor := range r.w.Tensors {
			for i := range tensor.Size() {
				if used[tensor.Off+i] {
					t.Fatalf("%s: %s overlaps another", name, tensor.Name)
				}
				used[tensor.Off+i] = true
			}
		}
		for i, v := range r.w.Theta {
			if !used[i] && v != 0 {
				t.Errorf("%s: padding %d has become %v", name, i, v)
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	for name, build := range zoo[float32]() {
		r := newRegression(build, 3, 64, 8)
		r.step()
		if n := testing.AllocsPerRun(5, func() { r.step() }); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
		rig := newRig(build, 64)
		dw, tx := rig.paramDirection(1), tile.New[float32](rig.net.In(), 64)
		keep := make([]float32, 64*rig.net.Kept())
		all := func() {
			rig.pass.Forward(rig.w, keep)
			rig.pass.Record(rig.w, keep)
			rig.pass.JVP(rig.w, dw, tx)
		}
		all()
		if n := testing.AllocsPerRun(5, all); n != 0 {
			t.Errorf("%s: %v allocations an evaluation", name, n)
		}
	}
}

// TestGrid: conditions that all particles share, from a Grid, give the outputs and the gradients of the same conditions
// evaluated for each particle.
func TestGrid(t *testing.T) {
	t.Run("float32", func(t *testing.T) { checkGrid[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { checkGrid[float64](t, 1e-12) })
}

func checkGrid[T vec.Float](t *testing.T, tol float64) {
	const p, times, k = 64, 5, 3
	for _, name := range []string{"conditioned", "gated"} {
		each := newRig(zoo[T]()[name], p)
		net := each.net.(*Conditioned[T])
		c := tile.Of(direction[T](net.Out()*p, 8), net.Out(), p)
		each.x.Slice(net.In()-1, net.In()).Fill(0.3) // one time for all

		want := each.pass.Record(each.w, nil)
		sink := NewGradient[T](each.w.Layout)
		sink.G = make([]T, each.w.Size())
		each.pass.Backward(each.w, c, sink, false)

		var a tile.Arena[T]
		grid := NewGrid(&a, net.Time, times)
		for i := range times {
			grid.Input().Row(0)[i] = T(0.1 * float64(i))
		}
		grid.Record(each.w)
		drows, shared := make([]T, grid.Size()), NewGradient[T](each.w.Layout)
		shared.G = make([]T, each.w.Size())
		n := net.Body.Cond()
		cond := &Cond[T]{Row: grid.Row(k), DRow: drows[k*n : (k+1)*n]}
		pass := net.Body.NewPass(&a, each.x, cond)
		got := pass.Record(each.w, nil)
		pass.Backward(each.w, c, shared, false)
		grid.Backward(each.w, drows, shared)

		close(t, name+": output", got.Flat(), want.Flat(), tol)
		close(t, name+": gradient", shared.G, sink.G, tol)
	}
}

func close[T vec.Float](t *testing.T, what string, got, want []T, tol float64) {
	t.Helper()
	scale := norm(widen(want))
	for i := range want {
		if d := float64(got[i] - want[i]); !(d < tol*scale && -d < tol*scale) {
			t.Fatalf("%s %d: %v, wanted %v", what, i, got[i], want[i])
		}
	}
}
