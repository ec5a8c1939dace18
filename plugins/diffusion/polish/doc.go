// Package polish makes the log weights of a chain more equal by Gauss–Newton: what is left to do where regression on a
// pilot (package regress) has brought the control near to where it should be.
//
// Paths are drawn from the chain as it is, and taken as given. Of their log weights lw_n the residuals are what they are
// off their weighted mean, and a step of SPRING (package vec/nn/spring) moves the parameters to where these would vanish,
//
//	r_n = lw_n − Σ_m p_m lw_m      J_n = ∂lw_n/∂θ − Σ_m p_m ∂lw_m/∂θ      p_n ∝ 1/(1 + (lw_n − median)²/Soft²)
//
// The loss is the log variance of Nüsken and Richter (2021), robust. At the optimum every residual is zero, and so every
// path's gradient is noise-free there.
//
// A row of J is the reverse pass over one path: its K states are the columns of one tile, each with the conditions of its
// own time, so that a layer's part of the row is one matrix product.
package polish
