package rng

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func words(t *testing.T, hex []string) (out [4]uint32) {
	t.Helper()
	for i, h := range hex {
		w, err := strconv.ParseUint(h, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = uint32(w)
	}
	return out
}

// TestPhiloxKnownAnswers: the known-answer values of Random123, and others from an independent implementation.
func TestPhiloxKnownAnswers(t *testing.T) {
	var file struct {
		Cases []struct {
			Generator            string
			Rounds               int
			Counter, Key, Output []string
			Published            bool
		}
	}
	readJSON(t, "philox.json", &file)
	tested, published := 0, 0
	for _, c := range file.Cases {
		if c.Generator != "philox4x32" || c.Rounds != 10 {
			continue
		}
		ctr, key, want := words(t, c.Counter), words(t, c.Key), words(t, c.Output)
		k := Key{key[0], key[1]}
		if got := k.Block(ctr[0], ctr[1], ctr[2], ctr[3]); got != want {
			t.Errorf("counter %x key %x: %x, wanted %x", ctr, k, got, want)
		}
		tested++
		if c.Published {
			published++
		}
	}
	if tested < 10 || published < 3 {
		t.Fatalf("only %d cases, %d of them published", tested, published)
	}
}

// TestUniformsAndNormals: against 60-digit arithmetic. Uniforms are right to the bit. A normal is right to a few units
// in the last place of its radius r, and to what rounding u₁ does to r where u₁ is near one: no more than 2⁻⁵³/r, which
// at the very top, where u₁ rounds to one, is r itself.
func TestUniformsAndNormals(t *testing.T) {
	var file struct {
		Cases []struct {
			Words   []string
			Uniform []float64 `json:"uniform53"`
			Normals []float64 `json:"normals_from_uniform53"`
		}
	}
	readJSON(t, "boxmuller.json", &file)
	if len(file.Cases) < 10 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		w := words(t, c.Words)
		u0, u1 := Uniform53(w[0], w[1]), Uniform53(w[2], w[3])
		if u0 != c.Uniform[0] || u1 != c.Uniform[1] {
			t.Errorf("words %x: uniforms %v %v, wanted %v", w, u0, u1, c.Uniform)
		}
		z0, z1 := BoxMuller(u0, u1)
		for i, z := range []float64{z0, z1} {
			r := math.Hypot(c.Normals[0], c.Normals[1])
			tol := 1e-15*math.Max(1, r) + 0x1p-53/r
			if !(math.Abs(z-c.Normals[i]) <= tol) {
				t.Errorf("words %x: normal %d is %v, wanted %v", w, i, z, c.Normals[i])
			}
		}
	}
}

func TestUniformIsOpenBelow(t *testing.T) {
	if u := Uniform53(0, 0); u != 0x1p-54 {
		t.Errorf("smallest uniform %v, wanted 2^-54", u)
	}
	if z, _ := BoxMuller(Uniform53(0, 0), 0); math.IsInf(z, 0) || z < 8.6 {
		t.Errorf("its normal is %v, wanted a finite number near 8.65", z)
	}
}

// TestKeys pins the derivation: a change of it changes every result ever recorded.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		seed    uint64
		purpose string
		island  int
		want    uint64
	}{
		{0, "", 0, 0xea40576bb6dd69d9},
		{1, "move", 2, 0xd49aeb87dca829a6},
	} {
		k := NewKey(c.seed, c.purpose, c.island)
		if got := k.Uint64(); got != c.want {
			t.Errorf("key of (%d, %q, %d) is %#x, wanted %#x", c.seed, c.purpose, c.island, got, c.want)
		}
		if KeyFromUint64(k.Uint64()) != k {
			t.Errorf("key %v does not survive the round trip", k)
		}
	}
	seen := map[Key]string{}
	for seed := range uint64(40) {
		for _, purpose := range []string{"", "init", "move", "movE", "resample"} {
			for island := range 5 {
				k := NewKey(seed, purpose, island)
				name := strconv.FormatUint(seed, 10) + purpose + strconv.Itoa(island)
				if old, ok := seen[k]; ok {
					t.Errorf("%s and %s share a key", old, name)
				}
				seen[k] = name
			}
		}
	}
}

// TestDrawsDependOnSlotOnly: a longer request, another slot or another step before it change nothing; every coordinate
// of the counter and the key changes everything.
func TestDrawsDependOnSlotOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.Uint32()
		k := KeyFromUint64(rapid.Uint64().Draw(t, "key"))
		slot, stage, inner := word.Draw(t, "slot"), word.Draw(t, "stage"), word.Draw(t, "inner")
		n := rapid.IntRange(1, 9).Draw(t, "n")
		m := rapid.IntRange(0, n).Draw(t, "prefix")
		for name, fill := range map[string]func([]float64, uint32, uint32, uint32){"uniforms": k.Uniforms, "normals": k.Normals} {
			long, short := make([]float64, n), make([]float64, m)
			fill(long, slot, stage, inner)
			fill(short, slot, stage, inner)
			for i, v := range short {
				if v != long[i] {
					t.Fatalf("%s: entry %d is %v among %d and %v among %d", name, i, v, m, long[i], n)
				}
			}
			for _, other := range [][3]uint32{{slot ^ 1, stage, inner}, {slot, stage ^ 1, inner}, {slot, stage, inner ^ 1}} {
				o := make([]float64, n)
				fill(o, other[0], other[1], other[2])
				if o[0] == long[0] {
					t.Fatalf("%s: counter %v gives the draws of %v", name, other, [3]uint32{slot, stage, inner})
				}
			}
		}
		u := make([]float64, 1)
		k.Uniforms(u, slot, stage, inner)
		if got := k.Uniform(slot, stage, inner); got != u[0] {
			t.Fatalf("Uniform %v, Uniforms %v", got, u[0])
		}
	})
}

// TestNormalMoments: the first four moments of 2^16 normals of each of three layouts (along slots, along steps, along one
// stream). Each statistic is within 6 standard errors: false alarm 12 × 2e-9. The wrong twin, which forgets the root of
// the Box–Muller radius, fails.
func TestNormalMoments(t *testing.T) {
	const n = 1 << 16
	k := NewKey(7, "moments", 0)
	worst := func(draw func(z []float64)) float64 {
		z := make([]float64, n)
		draw(z)
		var s [4]float64
		for _, v := range z {
			s[0] += v
			s[1] += v*v - 1
			s[2] += v * v * v
			s[3] += v*v*v*v - 3
		}
		w := 0.0
		for i, variance := range []float64{1, 2, 15, 96} {
			w = max(w, math.Abs(s[i])/math.Sqrt(variance*n))
		}
		return w
	}
	along := func(counter func(i uint32) (slot, stage, inner uint32)) func([]float64) {
		return func(z []float64) {
			for i := range z {
				slot, stage, inner := counter(uint32(i))
				k.Normals(z[i:i+1], slot, stage, inner)
			}
		}
	}
	for name, draw := range map[string]func([]float64){
		"slots":  along(func(i uint32) (uint32, uint32, uint32) { return i, 0, 0 }),
		"steps":  along(func(i uint32) (uint32, uint32, uint32) { return 3, i / 256, i % 256 }),
		"stream": func(z []float64) { k.Normals(z, 1, 2, 3) },
	} {
		if w := worst(draw); w > 6 {
			t.Errorf("%s: a moment is %.1f standard errors off", name, w)
		}
	}
	wrong := func(z []float64) {
		for i := range z {
			u := k.Uniform(uint32(i), 0, 0)
			z[i] = -2 * math.Log(u) * math.Cos(2*math.Pi*k.Uniform(uint32(i), 1, 0))
		}
	}
	if w := worst(wrong); w <= 6 {
		t.Errorf("the wrong twin passes with %.1f standard errors", w)
	}
}

func TestNoAllocation(t *testing.T) {
	k, z := NewKey(1, "move", 0), make([]float64, 61)
	if a := testing.AllocsPerRun(100, func() { k.Normals(z, 1, 2, 3); k.Uniforms(z, 1, 2, 4) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func BenchmarkNormals(b *testing.B) {
	k, z := NewKey(1, "move", 0), make([]float64, 1024)
	for b.Loop() {
		k.Normals(z, 1, 2, 3)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/normal")
}

func BenchmarkUniforms(b *testing.B) {
	k, z := NewKey(1, "move", 0), make([]float64, 1024)
	for b.Loop() {
		k.Uniforms(z, 1, 2, 3)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/uniform")
}
