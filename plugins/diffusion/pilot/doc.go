// Package pilot reads in a pilot's populations what a learned sampler can know beforehand: rough draws of the target with
// their scores, and a frame (package space) in which the target is as near to a product of unit scales as it can be brought.
//
// # The frame
//
// At n draws, each moved by half a standard deviation so that walls between modes are seen too, Hessians H_i of log ρ are
// taken from differences of scores, and normalised. With S = mean (H_i − H̄)², the eigenvectors of S with eigenvalues above
// a hundredth of the largest span the active space, where the curvature changes; in what is left a Gaussian will do. In
// the active space one rotation makes all H_i as diagonal as can be (Cardoso and Souloumiac, "Jacobi angles for simultaneous
// diagonalization", SIAM J. Matrix Anal. Appl. 1996): along its axes a target that is a product in some unknown rotation is
// one. This is done twice, in the coordinates as they are and in whitened ones, where axes need not be orthogonal, and the
// better diagonal one counts. Where neither is diagonal, and where d is large, the frame is the whitened one.
//
// Active coordinates come last, each with the pilot's unit variance; the others, along which curvature is constant, are
// standard normal given these.
package pilot
