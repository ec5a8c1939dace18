package scld

import (
	"math"

	"github.com/sampan-mc/sampan/plugins/diffusion/chain"
	"github.com/sampan-mc/sampan/smc/mcmc"
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/rng"
	"github.com/sampan-mc/sampan/vec/tile"
)

// leapfrogs of a trajectory.
const leapfrogs = 8

// jitter is by how much, either way, the step size of a trajectory varies: else some directions would come back to where
// they were.
const jitter = 0.2

// hamiltonian moves tiles of particles by Hamiltonian Monte Carlo at γ_β (Duane et al. 1987), unit masses.
type hamiltonian struct {
	target  chain.Target[float32]
	scale   float64 // of p_0
	workers []*trajectory
}

// trajectory is the memory of one worker.
type trajectory struct {
	x, p, raw  tile.Tile[float32]
	logp       []float64 // log ρ(x)
	start, end []float64 // −H
	ref        []float64
}

func newHamiltonian(target chain.Target[float32], scale float64, d, p, workers int) *hamiltonian {
	h := &hamiltonian{target: target, scale: scale}
	for range workers {
		w := &trajectory{logp: make([]float64, p), start: make([]float64, p), end: make([]float64, p), ref: make([]float64, p)}
		for _, t := range []*tile.Tile[float32]{&w.x, &w.p, &w.raw} {
			*t = tile.New[float32](d, p)
		}
		h.workers = append(h.workers, w)
	}
	return h
}

// draw says which random numbers a move takes.
type draw struct {
	key          rng.Key
	slot         uint32 // of the first particle
	stage, inner uint32
}

// move moves the particles x, whose score of the target is raw and whose log ρ is logp, by a trajectory at β, in place.
func (h *hamiltonian) move(id int, x, raw tile.Tile[float32], logp []float64, beta, step float64, from draw) mcmc.Stats {
	w, d, p := h.workers[id], x.Rows, x.P
	vec.Normals(w.p.Data, p, d, p, from.key, from.slot, from.stage, 2*from.inner)
	step *= 1 + jitter*(2*from.key.Uniform(math.MaxUint32, from.stage, from.inner)-1)
	h.energy(w.start, w, x, logp, beta)
	w.x.Copy(x)
	w.raw.Copy(raw)
	for range leapfrogs {
		h.kick(w, beta, step/2)
		vec.Axpy(w.x.Flat(), float32(step), w.p.Flat())
		h.target.Eval(id, w.logp, w.raw, w.x)
		h.kick(w, beta, step/2)
	}
	h.energy(w.end, w, w.x, w.logp, beta)
	stats := mcmc.Stats{Tried: p}
	for j := range p {
		a := math.Exp(math.Min(0, w.end[j]-w.start[j]))
		if math.IsNaN(a) || math.IsInf(w.end[j], 0) {
			a = 0
		}
		stats.Prob += a
		if a < mcmc.Hopeless {
			stats.Hopeless++
		}
		if from.key.Uniform(from.slot+uint32(j), from.stage, 2*from.inner+1) >= a {
			continue
		}
		stats.Accepted++
		logp[j] = w.logp[j]
		for i := range d {
			x.Row(i)[j], raw.Row(i)[j] = w.x.Row(i)[j], w.raw.Row(i)[j]
		}
	}
	return stats
}

// kick sets p to p + step ∇log γ_β(x).
func (h *hamiltonian) kick(w *trajectory, beta, step float64) {
	vec.Axpy(w.p.Flat(), float32(beta*step), w.raw.Flat())
	vec.Axpy(w.p.Flat(), float32(-(1-beta)*step/(h.scale*h.scale)), w.x.Flat())
}

// energy sets e to log γ_β(x) − ½|p|².
func (h *hamiltonian) energy(e []float64, w *trajectory, x tile.Tile[float32], logp []float64, beta float64) {
	startLogP(w.ref, x, h.scale)
	squares(e, w.p)
	for j := range e {
		e[j] = chain.Mix(beta, w.ref[j], logp[j]) - e[j]/2
	}
}

// startLogP sets dst to the log density of N(0, s² I) at the particles of x.
func startLogP(dst []float64, x tile.Tile[float32], s float64) {
	squares(dst, x)
	c := float64(x.Rows) * (math.Log(s) + math.Log(2*math.Pi)/2)
	for j, r2 := range dst {
		dst[j] = -r2/(2*s*s) - c
	}
}

// squares sets sum to |x|² of each particle.
func squares(sum []float64, x tile.Tile[float32]) {
	clear(sum)
	for i := range x.Rows {
		for j, v := range x.Row(i) {
			sum[j] += float64(v) * float64(v)
		}
	}
}
