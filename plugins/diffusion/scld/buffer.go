package scld

import (
	"cmp"
	"math"
	"slices"

	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// buffer keeps the paths of earlier simulations over one block, in a ring, and draws them again by their weights. Its
// vectors are all there is to save of it.
type buffer struct {
	width int       // values of a path
	paths []float32 // one after the other
	logW  []float32 // G of each when it was last evaluated; −∞: none there

	score  []float64 // Gumbel keys, scratch
	order  []int32   // likewise
	chosen []int32   // what draw found, ascending
}

// pathWidth is the number of values of a path of k steps: states, scores, and log ρ at both ends, each in two parts.
func pathWidth(k, d int) int { return 2*(k+1)*d + 4 }

func newBuffer(capacity, width int) *buffer {
	b := &buffer{width: width, paths: make([]float32, capacity*width), logW: make([]float32, capacity), score: make([]float64, capacity)}
	for i := range b.logW {
		b.logW[i] = float32(math.Inf(-1))
	}
	b.order, b.chosen = make([]int32, capacity), make([]int32, 0, capacity)
	return b
}

// push keeps the paths of b, in the places after the pushed ones that were pushed before. One whose weight is not finite
// leaves its place as it is.
func (f *buffer) push(b *block, pushed int) {
	n := len(f.logW)
	for i, g := range b.gain {
		if at := (pushed + i) % n; finite(g) {
			f.save(at, b, i)
			f.logW[at] = float32(g)
		}
	}
}

// draw chooses up to n different paths, each in proportion to e^logW among those that are left: those with the largest
// logW plus a Gumbel variable (Kool, van Hoof and Welling 2019, "Stochastic beams and where to find them").
func (f *buffer) draw(n int, key rng.Key, stage, inner uint32) []int32 {
	order := f.order[:0]
	for i, w := range f.logW {
		if !math.IsInf(float64(w), -1) {
			f.score[i] = float64(w) - math.Log(-math.Log(key.Uniform(uint32(i), stage, inner)))
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(f.score[b], f.score[a]), cmp.Compare(a, b))
	})
	f.chosen = append(f.chosen[:0], order[:min(n, len(order))]...)
	slices.Sort(f.chosen)
	return f.chosen
}

// save writes path i of b to place at.
func (f *buffer) save(at int, b *block, i int) {
	to := f.paths[at*f.width : (at+1)*f.width]
	t, j := i/b.P, i%b.P
	for k := range b.K() + 1 {
		to = lane(to, b.State(t, k), j)
		to = lane(to, b.Score(t, k), j)
	}
	to[0], to[1] = split(b.First[i])
	to[2], to[3] = split(b.End[i])
}

// load makes the path at place at path i of b.
func (f *buffer) load(at int32, b *block, i int) {
	from := f.paths[int(at)*f.width : (int(at)+1)*f.width]
	t, j := i/b.P, i%b.P
	for k := range b.K() + 1 {
		from = fill(b.State(t, k), j, from)
		from = fill(b.Score(t, k), j, from)
	}
	b.First[i] = float64(from[0]) + float64(from[1])
	b.End[i] = float64(from[2]) + float64(from[3])
}

// lane writes particle j of x to dst, and returns what is left of dst.
func lane(dst []float32, x tile.Tile[float32], j int) []float32 {
	for i := range x.Rows {
		dst[i] = x.Row(i)[j]
	}
	return dst[x.Rows:]
}

func fill(x tile.Tile[float32], j int, src []float32) []float32 {
	for i := range x.Rows {
		x.Row(i)[j] = src[i]
	}
	return src[x.Rows:]
}

// split is v as the sum of two float32, good to 48 bits.
func split(v float64) (high, low float32) {
	high = float32(v)
	return high, float32(v - float64(high))
}
