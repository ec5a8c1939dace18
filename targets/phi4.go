package targets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Phi4 is the lattice φ⁴ theory, a real field on a box of any number of dimensions:
//
//	log p(φ) = Σ_x [ 2κ Σ_μ φ(x) φ(x+μ) − (1 − 2λ) φ(x)² − λ φ(x)⁴ ]
//
// Each site owns one link in each direction μ. With periodic boundaries the links wrap, so on an extent of 2 the two
// links of a pair are both counted, and an extent of 1 links a site with itself; without, links that leave the box are
// absent. Coordinates are row-major in the extents.
type Phi4 struct {
	Extents       []int
	Kappa, Lambda float64 // λ > 0
	Open          bool    // not periodic
}

// NewPhi4 makes the density of p. log Z is known for some lattices at λ = 0.022.
func NewPhi4(p Phi4) (Density, error) {
	sites := 1
	for _, l := range p.Extents {
		if l < 1 {
			return nil, fmt.Errorf("phi4: extents %v; accepted: positive numbers", p.Extents)
		}
		sites *= l
	}
	if len(p.Extents) == 0 || !(p.Lambda > 0) || math.IsInf(p.Lambda, 1) || math.IsNaN(p.Kappa) || math.IsInf(p.Kappa, 0) {
		return nil, fmt.Errorf("phi4: extents %v, kappa %v, lambda %v; accepted: at least one extent, finite kappa, positive lambda",
			p.Extents, p.Kappa, p.Lambda)
	}
	links := p.links(sites)
	info := Info{Name: "phi4", Params: Reals("phi", p.Extents...), Can: LogP | Grad, Known: p.known()}
	info.Known.Mean = make([]float64, sites) // by the symmetry φ → −φ
	at := func(x, grad []float64) float64 {
		a, s := 1-2*p.Lambda, 0.0
		for i, v := range x {
			v2 := v * v
			s -= (a + p.Lambda*v2) * v2
			if grad != nil {
				grad[i] = -(2*a + 4*p.Lambda*v2) * v
			}
		}
		for _, l := range links {
			from, to := x[l[0]], x[l[1]]
			s += 2 * p.Kappa * from * to
			if grad != nil {
				grad[l[0]] += 2 * p.Kappa * to
				grad[l[1]] += 2 * p.Kappa * from
			}
		}
		return s
	}
	return &phi4{newPointwise(info, func() pointFunc { return at }), p, at}, nil
}

// links lists the two sites of every link.
func (p Phi4) links(sites int) [][2]int32 {
	var out [][2]int32
	for x := range sites {
		stride := sites
		for _, l := range p.Extents {
			stride /= l
			at := x / stride % l
			switch {
			case at+1 < l:
				out = append(out, [2]int32{int32(x), int32(x + stride)})
			case !p.Open:
				out = append(out, [2]int32{int32(x), int32(x - at*stride)})
			}
		}
	}
	return out
}

// known looks the lattice up in data/phi4_known.json; the order of the extents does not matter.
func (p Phi4) known() Known {
	k := Unknown()
	k.Source = "symmetry"
	if p.Lambda != 0.022 || p.Open || len(p.Extents) != 2 {
		return k
	}
	var all map[string]struct {
		LogZ    float64 `json:"log_z"`
		LogZErr float64 `json:"log_z_err"`
		Source  string
	}
	decodeEmbedded("phi4_known.json", &all)
	for _, e := range [][]int{p.Extents, {p.Extents[1], p.Extents[0]}} {
		name := fmt.Sprintf("%dx%d_kappa%s", e[0], e[1], strconv.FormatFloat(p.Kappa, 'g', -1, 64))
		if found, ok := all[name]; ok {
			return Known{LogZ: found.LogZ, LogZErr: found.LogZErr, Source: found.Source}
		}
	}
	return k
}

func phi4Items() []item {
	out := []item{{
		name: "phi4", kind: kindFamily, summary: "lattice φ⁴ theory",
		options: []Option{
			{"extents", "list", "[8, 8]", "extent of the lattice in each direction"},
			{"kappa", "number", "0.3", "hopping parameter"},
			{"lambda", "number", "0.022", "quartic coupling, positive"},
			{"periodic", "boolean", "true", "periodic boundaries"},
		},
		build: buildPhi4,
	}}
	for _, name := range []string{"2x2_kappa0.3", "4x4_kappa0.2", "4x4_kappa0.3", "6x8_kappa0.25", "8x8_kappa0.3", "16x16_kappa0.3"} {
		size, kappa, _ := strings.Cut(name, "_kappa")
		out = append(out, item{
			name: "phi4_" + name, kind: kindInstance,
			summary: "lattice φ⁴, " + strings.Replace(size, "x", " × ", 1) + ", κ = " + kappa + ", λ = 0.022, periodic",
			build: func(*reader, string) (Density, error) {
				var p Phi4
				var l1, l2 int
				if _, err := fmt.Sscanf(name, "%dx%d_kappa%g", &l1, &l2, &p.Kappa); err != nil {
					return nil, err
				}
				p.Extents, p.Lambda = []int{l1, l2}, 0.022
				return NewPhi4(p)
			},
		})
	}
	return out
}

func buildPhi4(r *reader, _ string) (Density, error) {
	p := Phi4{Extents: []int{8, 8}}
	sites := 1
	if list := r.vector("extents", -1); list != nil {
		p.Extents = make([]int, len(list))
		for i, v := range list {
			if v != math.Trunc(v) || v < 1 || v*float64(sites) > 1e7 {
				r.fault(fmt.Sprintf("extents[%d]", i), show(v), "whole numbers from 1, with at most ten million sites in all")
				break
			}
			p.Extents[i] = int(v)
			sites *= int(v)
		}
	}
	p.Kappa = r.float("kappa", 0.3, "a number", anyNumber)
	p.Lambda = r.float("lambda", 0.022, "a positive number", positiveNum)
	p.Open = !r.bool("periodic", true)
	if slices.Contains(p.Extents, 0) {
		return nil, nil
	}
	return NewPhi4(p)
}
