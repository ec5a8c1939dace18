// Package snapshot writes and reads the state of a sampler as bytes: little-endian words, counted slices, no maps and no
// times, so that equal states give equal bytes. A snapshot opens with a format name and version and with a fingerprint of
// the configuration it belongs to; Open refuses any other.
package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const magic = "sampan snapshot\x00"

// Fingerprint is a short hash of what a snapshot must agree on with the run that reads it.
type Fingerprint [16]byte

// FingerprintOf hashes a canonical form, such as that made by a Writer.
func FingerprintOf(canonical []byte) Fingerprint {
	sum := sha256.Sum256(canonical)
	return Fingerprint(sum[:16])
}

// Writer appends values to a snapshot. The zero Writer writes without a heading, for canonical forms.
type Writer struct{ buf []byte }

// NewWriter opens a snapshot of a format.
func NewWriter(format string, version uint32, print Fingerprint) *Writer {
	w := &Writer{buf: append(make([]byte, 0, 1<<12), magic...)}
	w.String(format)
	w.Uint(uint64(version))
	w.buf = append(w.buf, print[:]...)
	return w
}

// Bytes is what has been written.
func (w *Writer) Bytes() []byte { return w.buf }

// Uint appends v.
func (w *Writer) Uint(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

// Int appends v.
func (w *Writer) Int(v int) { w.Uint(uint64(int64(v))) }

// Bool appends v.
func (w *Writer) Bool(v bool) {
	if v {
		w.buf = append(w.buf, 1)
	} else {
		w.buf = append(w.buf, 0)
	}
}

// Float appends the bits of v.
func (w *Writer) Float(v float64) { w.Uint(math.Float64bits(v)) }

// Floats appends v and its length. Nil and empty are the same.
func (w *Writer) Floats(v []float64) {
	w.Int(len(v))
	for _, x := range v {
		w.Float(x)
	}
}

// Ints32 appends v and its length.
func (w *Writer) Ints32(v []int32) {
	w.Int(len(v))
	for _, x := range v {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(x))
	}
}

// Raw appends v and its length.
func (w *Writer) Raw(v []byte) {
	w.Int(len(v))
	w.buf = append(w.buf, v...)
}

// String appends v and its length.
func (w *Writer) String(v string) { w.Raw([]byte(v)) }

// ErrForeign says that a snapshot belongs to another configuration.
var ErrForeign = errors.New("snapshot belongs to another configuration, target or seed")

// Reader takes values from a snapshot in the order in which they were written. After a fault it returns zeros; Close
// tells.
type Reader struct {
	buf []byte
	err error
}

// Open reads the heading of a snapshot and checks it.
func Open(b []byte, format string, version uint32, print Fingerprint) (*Reader, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, errors.New("not a snapshot: it does not begin as one")
	}
	r := &Reader{buf: b[len(magic):]}
	if f := r.String(); f != format {
		return nil, fmt.Errorf("snapshot of %q found, %q wanted", f, format)
	}
	if v := r.Uint(); v != uint64(version) {
		return nil, fmt.Errorf("snapshot of version %d found, %d accepted", v, version)
	}
	if p := r.take(len(print)); r.err == nil && Fingerprint(p) != print {
		return nil, ErrForeign
	}
	return r, r.err
}

func (r *Reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.buf)) {
		r.err = errors.New("snapshot is cut short or damaged")
	}
	if r.err != nil {
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

// Uint reads what Writer.Uint wrote; so do the others.
func (r *Reader) Uint() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// Int reads an int.
func (r *Reader) Int() int { return int(int64(r.Uint())) }

// Bool reads a bool.
func (r *Reader) Bool() bool {
	b := r.take(1)
	return b != nil && b[0] == 1
}

// Float reads a float64.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint()) }

// length reads the length of a slice whose entries take size bytes.
func (r *Reader) length(size int) int {
	n := r.Int()
	if r.err == nil && (n < 0 || n > len(r.buf)/size) {
		r.err = errors.New("snapshot is cut short or damaged")
	}
	if r.err != nil {
		return 0
	}
	return n
}

// Floats reads a slice, nil if it is empty.
func (r *Reader) Floats() []float64 {
	n := r.length(8)
	if n == 0 {
		return nil
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = r.Float()
	}
	return v
}

// FillFloats reads a slice of the length of dst into it.
func (r *Reader) FillFloats(dst []float64) {
	if n := r.length(8); r.err == nil && n != len(dst) {
		r.err = fmt.Errorf("snapshot holds %d numbers where %d belong", n, len(dst))
	}
	for i := range dst {
		dst[i] = r.Float()
	}
}

// FillInts32 reads a slice of the length of dst into it.
func (r *Reader) FillInts32(dst []int32) {
	if n := r.length(4); r.err == nil && n != len(dst) {
		r.err = fmt.Errorf("snapshot holds %d numbers where %d belong", n, len(dst))
	}
	for i := range dst {
		if b := r.take(4); b != nil {
			dst[i] = int32(binary.LittleEndian.Uint32(b))
		}
	}
}

// Count reads an int that says how many entries follow, none of them empty.
func (r *Reader) Count() int { return r.length(1) }

// Raw reads a byte slice; it shares memory with the snapshot.
func (r *Reader) Raw() []byte { return r.take(r.length(1)) }

// RawOf reads a byte slice of length n.
func (r *Reader) RawOf(n int) []byte {
	b := r.Raw()
	if r.err == nil && len(b) != n {
		r.err = fmt.Errorf("snapshot holds %d bytes where %d belong", len(b), n)
	}
	if r.err != nil {
		return nil
	}
	return b
}

// String reads a string.
func (r *Reader) String() string { return string(r.Raw()) }

// Close is the first fault, or says that something is left over.
func (r *Reader) Close() error {
	if r.err == nil && len(r.buf) > 0 {
		return fmt.Errorf("snapshot has %d bytes too many", len(r.buf))
	}
	return r.err
}
