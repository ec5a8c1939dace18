// Package smc draws from a density known up to a constant, and estimates that constant, by moving a weighted population
// along a path of densities: annealed importance sampling (Neal 2001) and tempered sequential Monte Carlo (Del Moral,
// Doucet and Jasra 2006).
package smc
