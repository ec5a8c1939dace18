package flow

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// stretch is dx/dt = r(t) x with r = 1 + cos 3t, whose solution is x₀ e^{∫r}. skew is added to the divergence, to no good.
type stretch struct{ skew float64 }

func (f stretch) At(t float64, x, v tile.Tile[float64], div []float64) {
	r := 1 + math.Cos(3*t)
	for i, y := range x.Flat() {
		v.Flat()[i] = r * y
	}
	for j := range div {
		div[j] = r*float64(x.Rows) + f.skew*float64(t)
	}
}

var grown = 1 + math.Sin(3)/3

func even(k int) []float64 {
	t := make([]float64, k+1)
	for i := range t {
		t[i] = float64(i) / float64(k)
	}
	return t
}

// TestOrder: errors of points and volumes fall by 16 where steps are halved, there as back; a divergence that is another
// field's does not come out.
func TestOrder(t *testing.T) {
	run := func(f Field[float64], k int, forward bool) (point, volume float64) {
		g := NewIntegrator(f, even(k), 2, 8)
		x, ratio := tile.New[float64](2, 8), make([]float64, 8)
		x.Fill(1)
		if forward {
			g.Run(x, ratio, 0, k)
			return x.Data[3] - math.Exp(grown), ratio[3] - 2*grown
		}
		g.Run(x, ratio, k, 0)
		return x.Data[3] - math.Exp(-grown), ratio[3] - 2*grown
	}
	for _, forward := range []bool{true, false} {
		p1, v1 := run(stretch{}, 8, forward)
		p2, v2 := run(stretch{}, 16, forward)
		for _, r := range []float64{p1 / p2, v1 / v2} {
			if !(math.Abs(r-16) < 3) {
				t.Errorf("forward %v: an error falls by %.2f, wanted 16", forward, r)
			}
		}
	}
	if _, v := run(stretch{skew: 1}, 64, true); math.Abs(v) < 0.1 {
		t.Errorf("a wrong divergence goes unseen: %g", v)
	}
}

// narrow is stretch in float32.
type narrow struct{}

func (f narrow) At(t float64, x, v tile.Tile[float32], div []float32) {
	r := float32(1 + math.Cos(3*t))
	for i, y := range x.Flat() {
		v.Flat()[i] = r * y
	}
	for j := range div {
		div[j] = r * float32(x.Rows)
	}
}

// TestPath: it goes there and back, in chunks as at once, and the finer path has the same ends.
func TestPath(t *testing.T) {
	const n, d = 100, 3
	p := NewPath(d, 1, even(20), func() Field[float32] { return narrow{} })
	ctx, y, ratio := context.Background(), make([]float64, n*d), make([]float64, n)
	rng.NewKey(1, "test", 0).Normals(y, 0, 0, 0)
	start := append([]float64(nil), y...)
	parts, pr := append([]float64(nil), y...), make([]float64, n)
	for _, c := range [][2]int{{0, 37}, {37, n}} {
		if err := p.Move(ctx, 1, parts[c[0]*d:c[1]*d], pr[c[0]:c[1]], rng.Key{}, uint32(c[0])); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Move(ctx, 1, y, ratio, rng.Key{}, 0); err != nil {
		t.Fatal(err)
	}
	if !same(y, parts) || !same(ratio, pr) {
		t.Error("two chunks differ from the whole")
	}
	cut, sum, part := append([]float64(nil), start...), make([]float64, n), make([]float64, n)
	if err := p.SetCuts(3); err != nil || len(p.Cuts()) != 3 || p.Cuts()[0].Kind != smc.CutNone {
		t.Fatalf("cuts %v, %v", p.Cuts(), err)
	}
	for k := range p.Cuts() {
		if err := p.Move(ctx, k+1, cut, part, rng.Key{}, 0); err != nil {
			t.Fatal(err)
		}
		for i, r := range part {
			sum[i] += r
		}
	}
	for i, v := range y { // states are rounded to float32 alike
		if cut[i] != v || math.Abs(sum[i/d]-ratio[i/d]) > 1e-12 {
			t.Fatalf("in three segments at %g with %g, in one %g with %g", cut[i], sum[i/d], v, ratio[i/d])
		}
	}
	if err := p.SetCuts(0); err == nil {
		t.Error("no segments are accepted")
	}
	if err := p.SetCuts(1); err != nil {
		t.Fatal(err)
	}
	if p.Info().Exact || p.Info().Order != 4 || !p.Info().Deterministic {
		t.Errorf("%+v", p.Info())
	}
	fine, fr := append([]float64(nil), start...), make([]float64, n)
	if err := p.Finer().Move(ctx, 1, fine, fr, rng.Key{}, 0); err != nil {
		t.Fatal(err)
	}
	if math.Abs(fr[0]-ratio[0]) > 1e-4 || math.Abs(fine[5]-y[5]) > 1e-4*math.Abs(y[5]) {
		t.Errorf("half steps: ratio %g and %g", ratio[0], fr[0])
	}
	if err := p.Return(ctx, 1, y, fr, rng.Key{}, 0); err != nil {
		t.Fatal(err)
	}
	for i, v := range start {
		if math.Abs(y[i]-v) > 1e-4*(1+math.Abs(v)) || math.Abs(fr[i/d]-ratio[i/d]) > 1e-4 {
			t.Fatalf("back again at %g from %g", y[i], v)
		}
	}
}

func same(a, b []float64) bool {
	var x, y bytes.Buffer
	binary.Write(&x, binary.LittleEndian, a)
	binary.Write(&y, binary.LittleEndian, b)
	return bytes.Equal(x.Bytes(), y.Bytes())
}
