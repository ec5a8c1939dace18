// Package vec is the vectorised core: the few dozen loops over numbers in which learned samplers spend their time, each in
// three implementations behind one function: AVX-512, AVX2 with FMA, and plain Go for any other machine.
//
// Data are slices of float32 or float64. Matrices are blocks of particles with a feature a row (package tile), so that
// the lanes of a vector are particles whatever the dimension of the problem is. The machine code is generated (folder
// gen, a module of its own) and checked in; a stock `go build` is all it takes. The level is chosen once, when the
// program starts; SAMPAN_CPU=avx2 or SAMPAN_CPU=generic in the environment asks for a lower one.
//
// # Promises
//
//   - The same bits wherever an element stands: vectors and their tails use the same formula. Between levels results
//     differ in the last digits.
//   - NaN in gives NaN out. Infinities and zeros are as in package math except where a function says otherwise.
//     Results that would be denormal may be zero, and so may arguments.
//   - Errors in units in the last place (ulp) are over the whole range unless a function says otherwise.
//   - dst may be the same slice as an argument, but must not overlap it otherwise.
//   - Wrong lengths panic; nothing is allocated.
//
// Sums and dots accumulate in float64 in a fixed order. What is not here: general linear algebra, and anything that knows
// what a net or a density is.
package vec
