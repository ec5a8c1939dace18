package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
)

// Digest accumulates what must be the same for any number of workers, restarts and resumes: draws, weights, lineage,
// log Z, counts. Items are added in a fixed order. Its canonical form is SHA-256 over, for each item,
//
//	length of the name as uint32 ‖ name ‖ type byte 'd', 'i' or 'n' ‖ rank as uint32 ‖ shape as uint64 each ‖ values
//
// all little-endian: float64 ('d'), int32 ('i'), or one int64 with rank 0 ('n').
//
// Values count by their bits, so −0 is not 0; only NaNs are all alike, for their payload depends on the processor.
type Digest struct{ h hash.Hash }

// NewDigest returns an empty digest.
func NewDigest() *Digest { return &Digest{sha256.New()} }

// quietNaN stands for every NaN.
const quietNaN = 0x7ff8000000000000

// Floats adds an array of the given shape, row-major; no shape is one dimension.
func (d *Digest) Floats(name string, values []float64, shape ...int) {
	d.head(name, 'd', len(values), shape)
	buf := make([]byte, 0, 8*512)
	for _, v := range values {
		bits := math.Float64bits(v)
		if v != v {
			bits = quietNaN
		}
		if buf = binary.LittleEndian.AppendUint64(buf, bits); len(buf) == cap(buf) {
			d.h.Write(buf)
			buf = buf[:0]
		}
	}
	d.h.Write(buf)
}

// Ints adds an array of int32.
func (d *Digest) Ints(name string, values []int32, shape ...int) {
	d.head(name, 'i', len(values), shape)
	buf := make([]byte, 0, 4*1024)
	for _, v := range values {
		if buf = binary.LittleEndian.AppendUint32(buf, uint32(v)); len(buf) == cap(buf) {
			d.h.Write(buf)
			buf = buf[:0]
		}
	}
	d.h.Write(buf)
}

// Count adds one whole number.
func (d *Digest) Count(name string, n int64) {
	d.start(name, 'n', nil)
	d.h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func (d *Digest) head(name string, kind byte, n int, shape []int) {
	if shape == nil {
		shape = []int{n}
	}
	size := 1
	for _, s := range shape {
		size *= s
	}
	if size != n {
		panic(fmt.Sprintf("record: digest of %s: %d values of shape %v", name, n, shape))
	}
	d.start(name, kind, shape)
}

func (d *Digest) start(name string, kind byte, shape []int) {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(name)))
	b = append(b, name...)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(shape)))
	for _, s := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(s))
	}
	d.h.Write(b)
}

// String returns the digest of what was added so far, as sha256:HEX.
func (d *Digest) String() string { return "sha256:" + hex.EncodeToString(d.h.Sum(nil)) }
