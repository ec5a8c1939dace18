package nn

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// Fourier is the embedding of time by n sines and cosines with frequencies fixed and phases learned,
//
//	e(t) = (sin(c_1 t + φ_1), …, sin(c_n t + φ_n), cos(c_1 t + φ_1), …, cos(c_n t + φ_n)),
//
// c_j evenly from Low to High (Tancik et al., "Fourier features let networks learn high frequency functions in low
// dimensional domains", 2020; with learned phases as in Zhang and Chen, "Path integral sampler", 2022). Its input is t.
type Fourier[T vec.Float] struct {
	N         int
	Low, High float64
	Phase     Tensor
}

// NewFourier adds the phases to a layout as name.phase.
func NewFourier[T vec.Float](l *Layout, name string, n int, low, high float64, phase Init) *Fourier[T] {
	return &Fourier[T]{N: n, Low: low, High: high, Phase: l.Add(name+".phase", phase, n)}
}

func (f *Fourier[T]) In() int   { return 1 }
func (f *Fourier[T]) Out() int  { return 2 * f.N }
func (f *Fourier[T]) Cond() int { return 0 }
func (f *Fourier[T]) Kept() int { return 0 }

// Frequency is c_j.
func (f *Fourier[T]) Frequency(j int) float64 {
	if f.N == 1 {
		return f.Low
	}
	return f.Low + (f.High-f.Low)*float64(j)/float64(f.N-1)
}

// NewPass returns a pass.
func (f *Fourier[T]) NewPass(a *tile.Arena[T], x tile.Tile[T], _ *Cond[T]) Pass[T] {
	return &fourierPass[T]{f, x, a.Tile(f.N, x.P), a.Tile(2*f.N, x.P), a.Tile(f.N, x.P), a.Tile(1, x.P), a.Tile(2*f.N, x.P)}
}

type fourierPass[T vec.Float] struct {
	*Fourier[T]
	x, turns, y, dphase, dx, ty tile.Tile[T]
}

func (p *fourierPass[T]) Forward(w *Params[T], _ []T) tile.Tile[T] {
	t, phase := p.x.Row(0), w.Of(p.Phase)
	for j := range p.N {
		c, phi := p.Frequency(j)/(2*math.Pi), float64(phase[j])/(2*math.Pi)
		r := p.turns.Row(j)
		for i, v := range t { // whole turns are taken off in float64: at high frequencies there are many
			u := c*float64(v) + phi
			r[i] = T(u - math.Round(u))
		}
	}
	vec.SinCos2Pi(p.y.Slice(0, p.N).Flat(), p.y.Slice(p.N, 2*p.N).Flat(), p.turns.Flat())
	return p.y
}

func (p *fourierPass[T]) Record(w *Params[T], _ []T) tile.Tile[T] { return p.Forward(w, nil) }

func (p *fourierPass[T]) Backward(_ *Params[T], dy tile.Tile[T], s Sink[T], wantDX bool) tile.Tile[T] {
	dx := p.dx.Row(0)
	clear(dx)
	for j := range p.N {
		sin, cos, ds, dc, d := p.y.Row(j), p.y.Row(p.N+j), dy.Row(j), dy.Row(p.N+j), p.dphase.Row(j)
		c := T(p.Frequency(j))
		for i := range d {
			d[i] = cos[i]*ds[i] - sin[i]*dc[i]
			dx[i] += c * d[i]
		}
	}
	if s != nil {
		s.Vector(p.Phase.Off, p.dphase)
	}
	if !wantDX {
		return tile.Tile[T]{}
	}
	return p.dx
}

func (p *fourierPass[T]) JVP(_, dw *Params[T], tx tile.Tile[T]) tile.Tile[T] {
	for j := range p.N {
		sin, cos, ts, tc := p.y.Row(j), p.y.Row(p.N+j), p.ty.Row(j), p.ty.Row(p.N+j)
		c, dphi := T(p.Frequency(j)), T(0)
		if dw != nil {
			dphi = dw.Of(p.Phase)[j]
		}
		for i := range ts {
			u := dphi
			if !tx.IsZero() {
				u += c * tx.Row(0)[i]
			}
			ts[i], tc[i] = cos[i]*u, -sin[i]*u
		}
	}
	return p.ty
}
