package tile

import (
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestPackRoundTrip: Unpack undoes Pack for any number of particles and any view, and touches nothing else.
func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := rapid.IntRange(1, 70).Draw(t, "p"), rapid.IntRange(1, 9).Draw(t, "d")
		n := rapid.IntRange(1, p).Draw(t, "n")
		left, right := rapid.IntRange(0, 5).Draw(t, "left"), rapid.IntRange(0, 5).Draw(t, "right")
		x, x64 := make([]float32, n*d), make([]float64, n*d)
		for i := range x {
			x[i], x64[i] = float32(i+1), float64(i+1)
		}
		for name, pack := range map[string]func(Tile[float32]){
			"Pack":   func(v Tile[float32]) { Pack(v, x) },
			"Pack64": func(v Tile[float32]) { Pack64(v, x64) },
		} {
			wide := New[float32](d+2, left+p+right)
			wide.Fill(-7)
			view := wide.Slice(1, d+1).Columns(left, left+p)
			pack(view)
			for i := range d {
				for j, v := range view.Row(i) {
					if want := x[min(j, n-1)*d+i]; v != want {
						t.Fatalf("%s: feature %d of particle %d is %v, wanted %v", name, i, j, v, want)
					}
				}
			}
			y, y64 := make([]float32, n*d), make([]float64, n*d)
			Unpack(y, view)
			Unpack64(y64, view)
			for i := range y {
				if y[i] != x[i] || y64[i] != x64[i] {
					t.Fatalf("%s: value %d came back as %v and %v, wanted %v", name, i, y[i], y64[i], x[i])
				}
			}
			canaries := 0
			for _, v := range wide.Data {
				if v == -7 {
					canaries++
				}
			}
			if want := len(wide.Data) - d*p; canaries != want {
				t.Fatalf("%s: %d values outside the view are as they were, wanted %d", name, canaries, want)
			}
		}
	})
}

func TestViews(t *testing.T) {
	a := New[float64](4, 6)
	for i := range a.Data {
		a.Data[i] = float64(i)
	}
	v := a.Slice(1, 3).Columns(2, 5)
	if r := v.Row(1); len(r) != 3 || r[0] != 14 || cap(r) != 3 {
		t.Errorf("row 1 of the view is %v", r)
	}
	b := New[float64](2, 3)
	b.Copy(v)
	if f := b.Flat(); f[5] != 16 {
		t.Errorf("the copy is %v", f)
	}
	if e := a.Slice(2, 2); e.Rows != 0 || len(e.Data) != 0 || e.IsZero() {
		t.Errorf("no rows are %+v", e)
	}
	if !(Tile[float64]{}).IsZero() || a.IsZero() {
		t.Error("which tile is none is mistaken")
	}
	for name, f := range map[string]func(){
		"row":     func() { v.Row(2) },
		"slice":   func() { v.Slice(1, 3) },
		"columns": func() { v.Columns(0, 4) },
		"flat":    func() { v.Flat() },
		"copy":    func() { b.Copy(a) },
		"pack":    func() { Pack(b, make([]float64, 8)) },
		"unpack":  func() { Unpack(make([]float64, 3), b) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s out of range did not panic", name)
				}
			}()
			f()
		}()
	}
}

// TestArena: what is handed out does not overlap, starts at a cache line, and is handed out again after a release, without
// allocation.
func TestArena(t *testing.T) {
	var a Arena[float32]
	step := func() {
		for i := 1; i < 40; i++ {
			t := a.Tile(i, 64)
			t.Fill(float32(i))
		}
	}
	m := a.Mark()
	var tiles []Tile[float32]
	for i := 1; i < 40; i++ {
		x := a.Input(i, 64)
		if uintptr(unsafe.Pointer(&x.Data[0]))%lineBytes != 0 {
			t.Fatalf("tile %d does not start at a cache line", i)
		}
		if x.Row(i)[63] != 1 || x.Row(0)[0] != 0 {
			t.Fatal("an input has ones below zeros")
		}
		x.Fill(float32(i))
		tiles = append(tiles, x)
	}
	for i, x := range tiles {
		for _, v := range x.Data {
			if v != float32(i+1) {
				t.Fatalf("tile %d was written through another", i+1)
			}
		}
	}
	a.Release(m)
	if n := testing.AllocsPerRun(10, func() { m := a.Mark(); step(); a.Release(m) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	if x := a.Tile(1, 64); &x.Data[0] != &tiles[0].Data[0] {
		t.Error("memory was not used again")
	}
	if x := a.Slice(1 << 20); len(x) != 1<<20 {
		t.Error("a large slice is cut short")
	}
}

func TestCount(t *testing.T) {
	for _, c := range [][3]int{{0, 64, 0}, {1, 64, 1}, {64, 64, 1}, {65, 64, 2}} {
		if n := Count(c[0], c[1]); n != c[2] {
			t.Errorf("%d particles need %d tiles of %d, wanted %d", c[0], n, c[1], c[2])
		}
	}
}
