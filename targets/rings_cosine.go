package targets

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

const (
	cosineEdge  = 4.5 * math.Pi
	cosineFloor = 1.001
)

// newCosineRings is a density in the plane whose mass lies about the origin and on rings of radius 2π and 4π, with gaps
// between them in which it nearly vanishes; r = |x|, c = 4.5π:
//
//	p(x) = cos r + 1.001 for r ≤ c, exp(c − r) beyond
func newCosineRings() Density {
	const c = cosineEdge
	// Antiderivatives of r^k (cos r + 1.001) at c, where the sine is one, and integrals of r^k exp(c − r) beyond it.
	inside, outside := c-1+cosineFloor*c*c/2, c+1
	inside3, outside3 := c*c*c-6*c+6+cosineFloor*c*c*c*c/4, c*c*c+3*c*c+6*c+6
	z := inside + outside
	sd := math.Sqrt(0.5 * (inside3 + outside3) / z)
	info := Info{
		Name: "rings_cos", Params: Reals("x", 2), Can: LogP | Grad,
		Known: Known{LogZ: math.Log(2 * math.Pi * z), Mean: []float64{0, 0}, SD: []float64{sd, sd}, Source: "exact"},
	}
	return &cosineRings{newPointwise(info, func() pointFunc { return cosineRingsAt }), outside / z}
}

type cosineRings struct {
	*pointwise
	outside float64 // mass beyond the edge
}

func cosineRingsAt(x, grad []float64) float64 {
	r := math.Hypot(x[0], x[1])
	v, slope := cosineEdge-r, -1.0
	if r <= cosineEdge {
		sin, cos := math.Sincos(r)
		v, slope = math.Log(cos+cosineFloor), -sin/(cos+cosineFloor)
	}
	if grad != nil {
		radialGradient(slope, r, x, grad)
	}
	return v
}

func (d *cosineRings) covariance() []float64 { return diagonal(d.info.Known.SD) }

// Sample draws the radius: inside by rejection from the uniform law on the disc; outside as c + t with t from a mixture
// of an exponential law, c of c + 1, and the sum of two.
func (d *cosineRings) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	var u [4]float64
	var v [2]float64
	for i := range n {
		slot := uint32(first + i)
		key.Uniforms(u[:], slot, 0, 0)
		angle := 2 * math.Pi * u[0]
		r := 0.0
		if u[1] < d.outside {
			r = cosineEdge - math.Log(u[2])
			if u[1] > d.outside*cosineEdge/(cosineEdge+1) {
				r -= math.Log(u[3])
			}
		} else {
			for attempt := uint32(0); ; attempt++ {
				key.Uniforms(v[:], slot, 1, attempt)
				r = cosineEdge * math.Sqrt(v[0])
				if v[1]*(1+cosineFloor) < math.Cos(r)+cosineFloor {
					break
				}
			}
		}
		x[2*i], x[2*i+1] = r*math.Cos(angle), r*math.Sin(angle)
	}
	return nil
}
