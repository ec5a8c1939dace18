// Package rng draws random numbers by counter, so that a draw depends on what it is for and never on which worker
// made it, how a batch was split, or how often a crashed step was tried again.
//
// The generator is Philox4x32-10: ten rounds of a keyed bijection of a 128-bit counter (Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Everywhere in Sampan
//
//	key     = hash(seed, purpose, island)
//	counter = (slot, stage, inner step, block)
//
// where slot is the particle's or chain's place in the population (not its ancestor). The Python SDK holds the same
// generator; words and uniforms agree to the bit, normals to the last digits of log, sin and cos.
package rng

import "math/bits"

const (
	mul0  = 0xD2511F53
	mul1  = 0xCD9E8D57
	weyl0 = 0x9E3779B9 // golden ratio
	weyl1 = 0xBB67AE85 // √3 − 1
)

// philox4x32 is the ten-round Philox bijection of one counter block.
func philox4x32(ctr [4]uint32, key [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := ctr[0], ctr[1], ctr[2], ctr[3]
	k0, k1 := key[0], key[1]
	for range 10 {
		hi0, lo0 := bits.Mul32(mul0, c0)
		hi1, lo1 := bits.Mul32(mul1, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += weyl0
		k1 += weyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}
