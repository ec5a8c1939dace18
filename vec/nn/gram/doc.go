// Package gram works with the Jacobian J of many samples' residuals by a net's parameters without ever storing it.
//
// The reverse pass of any net leaves the gradient of sample n, for the weights W of one layer, as a short sum
//
//	∂r_n/∂W = Σ_c a_{n,c} b_{n,c}ᵀ,
//
// a the inputs of the layer and b the cotangents of its outputs. A plain dense layer has one term; with jets there is a
// term a channel (value, gradients, Laplacian, time derivative); a net that is used at many times has a term a time; the
// reverse pass over a reverse pass has two. A Factor holds the a and b of a tile of samples for one layer, and a
// Jacobian all factors of all tiles. What sample-space Gauss–Newton needs of J follows from them:
//
//	(J Jᵀ)_{nm} = Σ_layers Σ_{c,c'} (a_{n,c}·a_{m,c'}) (b_{n,c}·b_{m,c'})        Gram
//	(J v)_n     = Σ_layers Σ_c b_{n,c}·(Vᵀ a_{n,c})                             Mul
//	Jᵀ w        = Σ_layers Σ_n w_n Σ_c a_{n,c} b_{n,c}ᵀ                          MulT
//
// For a layer of R×Q weights the first costs C²(R+Q) products a pair of samples instead of the R·Q of an explicit J. With
// many terms the explicit form is the cheaper one: then a strip of J at a time is made, used and forgotten. Vectors of
// parameters, and layers whose gradients a reverse pass tells of as such, are kept as they come.
//
// The identity for plain nets is in Dangel, Kunstner and Hennig (2020), "BackPACK", and in Novak, Sohl-Dickstein and
// Schoenholz (2022), "Fast finite width neural tangent kernel"; the sum over channels is the same algebra.
package gram
