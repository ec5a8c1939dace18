package mcmc

import (
	"context"
	"math"

	"github.com/sampan-mc/sampan/targets"
)

// leapfrogKick is half a kick at both ends of a trajectory and a whole one, two halves, between its steps.
func leapfrogKick(step, steps int) float64 {
	if step == 0 || step == steps {
		return 0.5
	}
	return 1
}

// trajectory draws momenta and follows the leapfrog trajectory of every row from m.y.
func (m *Mover) trajectory(ctx context.Context, f Density, beta float64, s *State, st *Streams, steps int, stage, inner uint32) error {
	n, d := m.n, m.d
	for i := range n {
		p := m.p[i*d : (i+1)*d]
		if m.stopped[i] {
			clear(p)
			continue
		}
		st.Proposal.Normals(p, uint32(i), stage, inner)
		m.start[i] += kinetic(p)
	}
	return m.integrate(ctx, f, beta, s, steps)
}

// integrate makes leapfrog steps from m.y, the points of s, with momenta m.p. It leaves the end points there, their
// terms in m.next and their energies in m.Energy.
func (m *Mover) integrate(ctx context.Context, f Density, beta float64, s *State, steps int) error {
	n, d := m.n, m.d
	at := &s.Terms
	for l := range steps {
		m.leap(at, beta, m.kick(l, steps))
		if err := evaluate(ctx, f, n, m.y, true, &m.next, m.Tally); err != nil {
			return err
		}
		at = &m.next
		m.stop(s, beta)
	}
	kick := m.kick(steps, steps)
	for i := range n {
		if m.stopped[i] {
			continue
		}
		p := m.p[i*d : (i+1)*d]
		g, w0, h, w1 := at.gradients(beta, i, d)
		if m.factor != nil {
			m.kickDense(p, g, h, kick*w0, kick*w1)
		} else {
			kickRow(p, m.step, g, h, kick*w0, kick*w1)
		}
		m.Energy[i] = kinetic(p) - at.Log(beta, i)
		if !(m.Energy[i]-m.start[i] <= maxEnergyError) {
			m.Divergent[i] = true
		}
	}
	return nil
}

// leap kicks every moving row by the gradients in at and drifts it one step.
func (m *Mover) leap(at *Terms, beta, kick float64) {
	d := m.d
	for i := range m.n {
		if m.stopped[i] {
			continue
		}
		lo, hi := i*d, (i+1)*d
		g, w0, h, w1 := at.gradients(beta, i, d)
		if m.factor != nil {
			m.kickDense(m.p[lo:hi], g, h, kick*w0, kick*w1)
			m.driftDense(m.y[lo:hi], m.p[lo:hi])
			continue
		}
		leapRow(m.p[lo:hi], m.y[lo:hi], m.step, g, h, kick*w0, kick*w1)
	}
}

// stop ends the trajectories that have met a point without density or gradient. Their rows go back to the start, so
// that the density is not asked again at a bad point.
func (m *Mover) stop(s *State, beta float64) {
	d := m.d
	for i := range m.n {
		if m.stopped[i] || (m.next.Status[i] != targets.GradBad && m.next.Log(beta, i) > math.Inf(-1)) {
			continue
		}
		m.stopped[i], m.Divergent[i] = true, true
		copy(m.y[i*d:(i+1)*d], s.X[i*d:(i+1)*d])
	}
}

// gradients returns the one or two gradients that make up that of log γ_β at point i, and their weights. Where one of
// the ends has no part in γ_β, h is nil.
func (t *Terms) gradients(beta float64, i, d int) (g []float64, w0 float64, h []float64, w1 float64) {
	lo, hi := i*d, (i+1)*d
	switch {
	case beta == 1:
		return t.GradTarget[lo:hi], 1, nil, 0
	case beta == 0:
		return t.GradRef[lo:hi], 1, nil, 0
	}
	return t.GradRef[lo:hi], 1 - beta, t.GradTarget[lo:hi], beta
}

// leapRow kicks p by step∘(w0·g + w1·h) and drifts x by step∘p.
func leapRow(p, x, step, g, h []float64, w0, w1 float64) {
	x, step, g = x[:len(p)], step[:len(p)], g[:len(p)]
	if h == nil {
		for j, s := range step {
			v := p[j] + s*(w0*g[j])
			p[j] = v
			x[j] += s * v
		}
		return
	}
	h = h[:len(p)]
	for j, s := range step {
		v := p[j] + s*(w0*g[j]+w1*h[j])
		p[j] = v
		x[j] += s * v
	}
}

// kickRow is leapRow without the drift.
func kickRow(p, step, g, h []float64, w0, w1 float64) {
	step, g = step[:len(p)], g[:len(p)]
	if h == nil {
		for j, s := range step {
			p[j] += s * (w0 * g[j])
		}
		return
	}
	h = h[:len(p)]
	for j, s := range step {
		p[j] += s * (w0*g[j] + w1*h[j])
	}
}

// kinetic is ½|p|².
func kinetic(p []float64) float64 {
	k := 0.0
	for _, v := range p {
		k += v * v
	}
	return k / 2
}
