package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// littleEndian: float64s in memory are already what goes on the wire.
var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// Bytes returns f as it goes on the wire: on little-endian machines the same memory, elsewhere a copy. The result may be
// read for as long as f is neither changed nor freed.
func Bytes(f []float64) []byte {
	if len(f) == 0 {
		return nil
	}
	if littleEndian {
		return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 8*len(f))
	}
	b := make([]byte, 0, 8*len(f))
	for _, v := range f {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// View returns the float64s that b holds: the same memory where it is aligned and the machine little-endian, else a
// copy. The length of b must be a multiple of 8.
func View(b []byte) []float64 {
	if len(b) == 0 {
		return nil
	}
	if p := unsafe.Pointer(&b[0]); littleEndian && uintptr(p)%8 == 0 {
		return unsafe.Slice((*float64)(p), len(b)/8)
	}
	f := make([]float64, len(b)/8)
	decode(f, b)
	return f
}

// Floats fills dst from b, which must hold exactly as many float64s; name says in the error what they are.
func Floats(dst []float64, b []byte, name string) error {
	if len(b) != 8*len(dst) {
		return wrongLength(name, len(b), len(dst))
	}
	decode(dst, b)
	return nil
}

func decode(dst []float64, b []byte) {
	if littleEndian {
		copy(Bytes(dst), b)
		return
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
}

// wrongLength tells of an array of so many bytes that should hold want float64s.
func wrongLength(name string, bytes, want int) error {
	if bytes%8 != 0 {
		return fmt.Errorf("%s holds %d bytes, which is no whole number of float64s; wanted %d values (%d bytes)", name, bytes, want, 8*want)
	}
	return fmt.Errorf("%s holds %d values, wanted %d", name, bytes/8, want)
}
