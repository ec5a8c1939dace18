// Package flow moves particles along the ordinary differential equation of a velocity field, dx/dt = v(x, t), from a normal
// at t = 0 to the target at t = 1, and tells by how much the volume around each grows on the way:
//
//	log w = log ρ(x_1) − log p_0(x_0) + ∫ div v(x_t, t) dt
//
// in the classical scheme of Runge and Kutta of order 4. The divergence is exact, the integral is not: E[w] = Z holds up to
// the scheme's error, which Path.Finer, the same with steps of half the length, shows. How the field was trained is of no
// account here.
//
// Chen, Rubanova, Bettencourt and Duvenaud (2018), "Neural ordinary differential equations", arXiv 1806.07366.
package flow
