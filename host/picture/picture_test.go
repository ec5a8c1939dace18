package picture

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"testing"

	"github.com/sampan-mc/sampan/vec/rng"
)

// heap is n draws of N(centre, 0.2² I).
func heap(n int, centre ...float64) []float64 {
	x := make([]float64, n*len(centre))
	rng.NewKey(1, "test", 0).Normals(x, 0, 0, 0)
	for i, z := range x {
		x[i] = centre[i%len(centre)] + 0.2*z
	}
	return x
}

// blues counts the dots of the picture's columns lo to hi, of its width's part, that are dark and no ink.
func blues(m image.Image, lo, hi float64) (n int) {
	b := m.Bounds()
	for x := b.Min.X + int(lo*float64(b.Dx())); x < b.Min.X+int(hi*float64(b.Dx())); x++ {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			if r, _, blue, _ := m.At(x, y).RGBA(); r < 0x6000 && blue > r+0x3000 {
				n++
			}
		}
	}
	return n
}

func evolution(t *testing.T, names []string, paths ...Path) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := Evolution(&b, names, paths); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEvolution: where particles are is dark, by their weights; what is outside the window, or not a number, is left out.
func TestEvolution(t *testing.T) {
	far, end := heap(500, 50, 50), append(heap(500, 0, 0), heap(500, 3, 3)...)
	half := make([]float64, 1000)
	for i := range 500 {
		half[i] = math.Inf(-1)
	}
	end[7] = math.NaN()
	path := Path{"learned", []Population{{"start", far, nil}, {"end", end, nil}}}
	m := evolution(t, []string{"x", "y"}, path)
	if start, at := blues(m, 0, .45), blues(m, .55, 1); start > 0 || at < 500 {
		t.Errorf("%d dark dots for particles outside, %d for those at the end", start, at)
	}
	path.Populations[1].LogW = half
	if both, one := blues(m, .83, 1), blues(evolution(t, []string{"x", "y"}, path), .83, 1); !(one > 0 && 3*one < 2*both) {
		t.Errorf("of two heaps %d dark dots, %d without the first", both, one)
	}
	for _, d := range []int{1, 5} {
		centre, names := make([]float64, d), make([]string, d)
		path := Path{"learned", []Population{{"start", heap(400, centre...), nil}, {"half", heap(400, centre...), nil}, {"end", heap(400, centre...), nil}}}
		one := evolution(t, names, path)
		two := evolution(t, names, path, path)
		if blues(one, 0, 1) < 1000 || two.Bounds().Dx() != one.Bounds().Dx() || two.Bounds().Dy() != 2*one.Bounds().Dy() {
			t.Errorf("d = %d: %v with %d dark dots, two paths %v", d, one.Bounds(), blues(one, 0, 1), two.Bounds())
		}
	}
	if err := Evolution(&bytes.Buffer{}, nil, nil); err == nil {
		t.Error("nothing was drawn, and no error")
	}
}
