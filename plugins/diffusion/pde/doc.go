// Package pde trains flows and diffusions without simulating them: by residuals of the equations that a path of densities
// from a normal to the target, and the drift that carries it, must obey (vec/nn/pinn). In the coordinates of a frame, with
// p_0 = N(0, I) or, in each coordinate, another generalised normal,
//
//	V(x, t) = l(t) log ρ(x) + (1−l(t)) log p_0(x) − z(t) + t(1−t) φ(x, t)          l(t) = t^p
//
// has the right ends whatever φ is, and z(1) learns log Z. In place of l and 1−l there may be sin ½πt and cos ½πt. (Without
// φ it is the geometric path, along which mass has to get from mode to mode at once.) Nets for φ and for a drift μ and the
// coefficients of z are moved until at points (x, t)
//
//	logCE   r = ∂_t V + div μ + μ·∇V                          vanishes: dX = μ dt carries e^V
//	logFP   r = ∂_t V + div μ + μ·∇V − ½σ²(|∇V|² + ΔV)        likewise: dX = μ dt + σ dW does
//
// A solution μ̂ of the first is one of the second for any σ, with μ = μ̂ + ½σ²∇V and no Laplacian: that is how logFP is
// served unless it is to be trained as it stands.
//
// Others have a solution of a kind: ot and sb a drift that is a gradient, by a second equation, score the reversal of a noising, whose
// drift V itself gives, and nets a geometric path, trained where annealed Langevin goes (vec/nn/pinn has the formulas).
//
// Points are where the pilot's populations are along the path, between the ends of paths, and where the flow that is being
// trained goes. Boxes will do in few dimensions. Where points do not come near the pilot's draws of the target, that is
// said. The residuals fall by Gauss–Newton from the first step on (vec/nn/spring), or by Adam alone: Adam first is a trap
// on targets that are no products. How good a path is, is not told by residuals but by its weights. Where modes of unlike mass
// are far apart, residuals do not lead away from the geometric path by themselves: there V and μ can be matched to a bridge
// before, by regression.
//
// Where a frame has idle coordinates, standard normal given the others, V is right for them as it is, and the nets see none of
// them.
//
// Served is the solution as
//
//   - ode, the flow of μ̂, that of an equation with noise being μ − ½σ²∇V, by the scheme of Runge and Kutta, its divergence
//     exact and its weights as exact as steps are short;
//   - sde, steps of length h of N(x + hμ_F, hσ²) with μ_F = μ̂ + ½σ²∇V, weighed by the way back, N(x′ + hμ_B, hσ²) with
//     μ_B = σ²∇V − μ_F: the mean weight is Z whatever the nets are;
//   - split, steps of the flow, each followed by one of Langevin's in V(·, t), which neither loses the weights of the flow nor
//     keeps its errors.
//
// All can be cut anywhere, since V(·, t) is a density at any time, at which the host may resample and move.
//
// Máté and Fleuret (2023), "Learning interpolations between Boltzmann densities"; Sun, Berner, Richter et al. (2024),
// "Dynamical measure transport and neural PDE solvers for sampling", arXiv 2407.07873.
package pde
