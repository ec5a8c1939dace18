package pde

import (
	"math"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/pinn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// norms is the number of coefficients of z(t) = Σ_k z_k ψ_k(t), with ψ_0 = t^p and, from 1 on, ψ_k = t(1−t) T_{k−1}(2t−1),
// T Chebyshev's polynomials.
const norms = 8

// base is the known part of V in dim coordinates, of which the first are idle.
type base struct {
	dim, idle int
	power     float64 // p
	// geometric is the path without φ.
	geometric bool
	// circular are shares on a circle.
	circular bool
	// noising is the path of a noising, whose l follows it.
	noising bool
	p0      start
}

// mix is l and its derivative.
func (b base) mix(t float64) (l, rate float64) {
	if b.noising {
		return narrowed(t)
	}
	return math.Pow(t, b.power), b.power * math.Pow(t, b.power-1)
}

// shares are the powers of target and start along the path, and their derivatives: l and 1−l, or sine and cosine.
func (b base) shares(t float64) (l, rate, start, startRate float64) {
	if b.circular {
		s, c := math.Sincos(math.Pi / 2 * t)
		return s, math.Pi / 2 * c, c, -math.Pi / 2 * s
	}
	l, rate = b.mix(t)
	return l, rate, 1 - l, -rate
}

// gain is the factor of φ, and its derivative.
func (b base) gain(t float64) (w, rate float64) {
	if b.geometric {
		return 0, 0
	}
	return t * (1 - t), 1 - 2*t
}

// curve sets the ψ_k and their derivatives.
func (b base) curve(t float64, value, rate *[norms]float64) {
	value[0], rate[0] = b.mix(t)
	u, w, dw := 2*t-1, t*(1-t), 1-2*t
	// T_k and its derivative by u, in recurrence.
	t0, t1, d0, d1 := 1.0, u, 0.0, 1.0
	for k := 1; k < norms; k++ {
		value[k], rate[k] = w*t0, dw*t0+2*w*d0
		t0, t1, d0, d1 = t1, 2*u*t1-t0, d1, 2*t1+2*u*d1-d0
	}
}

// norm is z(t).
func (b base) norm(z []float32, t float64) (sum float64) {
	var value, rate [norms]float64
	b.curve(t, &value, &rate)
	for k, v := range value {
		sum += float64(z[k]) * v
	}
	return sum
}

// farRate bounds what log ρ changes V by; beyond, points say nothing of where there is mass.
const farRate = 1e6

// known fills in what is known of V at points y with log ρ and its score there. lap is Δ log ρ over the coordinates that are
// not idle, nil where no Laplacian is wanted. Points without a density get a base of nought: none of their terms reaches
// φ or z. start is room for log p_0.
func known[T vec.Float](b base, k *pinn.Known[T], y tile.Tile[T], logp []float64, score tile.Tile[T], lap []float64, times []T, start []float64) {
	logStart(b.p0, start, y)
	var value, rate [norms]float64
	for j, at := range times {
		t := float64(at)
		l, dl, m, dm := b.shares(t)
		ok := math.Abs(logp[j]-start[j]) < farRate
		for i := b.idle; i < y.Rows; i++ {
			_, pull, _ := b.p0.at(float64(y.Row(i)[j]))
			s := l*float64(score.Row(i)[j]) + m*pull
			ok = ok && math.Abs(s) < farRate
			k.Grad.Row(i - b.idle)[j] = T(s)
		}
		if lap != nil {
			k.Lap[j] = T(l*lap[j] + m*bends(b.p0, y.Slice(b.idle, y.Rows), j))
			ok = ok && math.Abs(lap[j]) < farRate
		}
		w, dw := b.gain(t)
		k.Rate[j], k.Gain[j], k.GainRate[j] = T(dl*logp[j]+dm*start[j]), T(w), T(dw)
		b.curve(t, &value, &rate)
		for i, v := range rate {
			k.Norm.Row(i)[j] = T(v)
		}
		if ok {
			continue
		}
		k.Rate[j], k.Lap[j], k.Gain[j], k.GainRate[j] = 0, 0, 0, 0
		for i := range k.Grad.Rows {
			k.Grad.Row(i)[j] = 0
		}
		for i := range k.Norm.Rows {
			k.Norm.Row(i)[j] = 0
		}
	}
}
