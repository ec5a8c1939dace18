package scld

import (
	"math"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TestDifferences: where a target knows its Hessian, differences of scores agree with its products, whatever the length of
// the direction, to what float32 allows; no direction gives nought.
func TestDifferences(t *testing.T) {
	const p = learn.Lanes
	target := space.On[float32](space.Scaled([]float64{0, 0}, 1), wells(t), 1, p)
	h := newDifferenced(target, .01, 2, p, 1)
	x, v, want, got := tile.New[float32](2, p), tile.New[float32](2, p), tile.New[float32](2, p), tile.New[float32](2, p)
	key := rng.NewKey(6, "points", 0)
	vec.Normals(x.Data, p, 2, p, key, 0, 0, 0)
	vec.Normals(v.Data, p, 2, p, key, 0, 1, 0)
	for i := range v.Rows {
		for j := range v.Row(i) {
			v.Row(i)[j] *= float32(j) * 10
		}
	}
	target.HVP(0, want, x, v)
	h.HVP(0, got, x, v)
	if err := target.Err(); err != nil {
		t.Fatal(err)
	}
	for i := range want.Rows {
		for j, w := range want.Row(i) {
			length := math.Hypot(float64(v.Row(0)[j]), float64(v.Row(1)[j]))
			if d := math.Abs(float64(got.Row(i)[j] - w)); !(d <= 2e-2*length) {
				t.Errorf("component %d of particle %d: %v, wanted %v", i, j, got.Row(i)[j], w)
			}
		}
	}
}
