package rng

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Key selects a family of independent streams.
type Key [2]uint32

// NewKey derives the key of (seed, purpose, island): the first eight bytes, little-endian, of
// SHA-256("sampan/rng/1" ‖ seed as 8 bytes LE ‖ island as 8 bytes LE ‖ purpose).
// Purposes are short words fixed in the code, such as "init", "move" or "resample".
func NewKey(seed uint64, purpose string, island int) Key {
	buf := make([]byte, 0, 64)
	buf = append(buf, "sampan/rng/1"...)
	buf = binary.LittleEndian.AppendUint64(buf, seed)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(island))
	buf = append(buf, purpose...)
	sum := sha256.Sum256(buf)
	return KeyFromUint64(binary.LittleEndian.Uint64(sum[:8]))
}

// KeyFromUint64 is the inverse of Uint64; keys cross the wire in this form.
func KeyFromUint64(u uint64) Key { return Key{uint32(u), uint32(u >> 32)} }

// Uint64 returns the key as one word, low half first.
func (k Key) Uint64() uint64 { return uint64(k[0]) | uint64(k[1])<<32 }

// Block returns the four random words of one counter.
func (k Key) Block(slot, stage, inner, block uint32) [4]uint32 {
	return philox4x32([4]uint32{slot, stage, inner, block}, k)
}

// Uniform returns the first uniform of (slot, stage, inner), in the open interval (0, 1).
func (k Key) Uniform(slot, stage, inner uint32) float64 {
	w := k.Block(slot, stage, inner, 0)
	return Uniform53(w[0], w[1])
}

// Uniforms fills dst with uniforms on (0, 1): two a block, of 53 bits each, never 0 and, but for rounding at the very
// top, never 1.
func (k Key) Uniforms(dst []float64, slot, stage, inner uint32) {
	for i := 0; i < len(dst); i += 2 {
		w := k.Block(slot, stage, inner, uint32(i/2))
		dst[i] = Uniform53(w[0], w[1])
		if i+1 < len(dst) {
			dst[i+1] = Uniform53(w[2], w[3])
		}
	}
}

// Normals fills dst with standard normals by Box and Muller (1958): two a block,
// √(−2 log u₁)·(cos 2πu₂, sin 2πu₂).
func (k Key) Normals(dst []float64, slot, stage, inner uint32) {
	for i := 0; i < len(dst); i += 2 {
		w := k.Block(slot, stage, inner, uint32(i/2))
		z0, z1 := BoxMuller(Uniform53(w[0], w[1]), Uniform53(w[2], w[3]))
		dst[i] = z0
		if i+1 < len(dst) {
			dst[i+1] = z1
		}
	}
}

// Uniform53 maps 64 random bits, low word first, to (⌊bits/2¹¹⌋ + ½)/2⁵³.
func Uniform53(lo, hi uint32) float64 {
	return (float64((uint64(hi)<<32|uint64(lo))>>11) + 0.5) / (1 << 53)
}

// BoxMuller turns two uniforms into two independent standard normals.
func BoxMuller(u1, u2 float64) (float64, float64) {
	r := math.Sqrt(-2 * math.Log(u1))
	s, c := math.Sincos(2 * math.Pi * u2)
	return r * c, r * s
}
