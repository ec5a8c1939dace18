package zarr

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// dtype is NumPy's name for the type of data.
func dtype(data any) string {
	switch v := data.(type) {
	case []float64:
		return "<f8"
	case []int32:
		return "<i4"
	case []int64:
		return "<i8"
	case []bool:
		return "|b1"
	case []string:
		longest := 1
		for _, s := range v {
			longest = max(longest, utf8.RuneCountInString(s))
		}
		return "<U" + strconv.Itoa(longest)
	}
	panic(fmt.Sprintf("zarr: data of type %T", data)) // check has been before
}

// fillValue is what a reader would take where a chunk is missing; none is. xarray takes it for the mark of a missing
// value besides, so whole numbers must not have one: every 0 would be lost.
func fillValue(data any) any {
	if _, ok := data.([]float64); ok {
		return "NaN"
	}
	return nil
}

// encode returns the bytes of the one chunk.
func encode(data any) []byte {
	le := binary.LittleEndian
	switch v := data.(type) {
	case []float64:
		b := make([]byte, 0, 8*len(v))
		for _, x := range v {
			b = le.AppendUint64(b, math.Float64bits(x))
		}
		return b
	case []int32:
		b := make([]byte, 0, 4*len(v))
		for _, x := range v {
			b = le.AppendUint32(b, uint32(x))
		}
		return b
	case []int64:
		b := make([]byte, 0, 8*len(v))
		for _, x := range v {
			b = le.AppendUint64(b, uint64(x))
		}
		return b
	case []bool:
		b := make([]byte, len(v))
		for i, x := range v {
			if x {
				b[i] = 1
			}
		}
		return b
	case []string: // UTF-32, padded with zeros
		width, _ := strconv.Atoi(dtype(v)[2:])
		b := make([]byte, 0, 4*width*len(v))
		for _, s := range v {
			end := len(b) + 4*width
			for _, r := range s {
				b = le.AppendUint32(b, uint32(r))
			}
			b = append(b, make([]byte, end-len(b))...)
		}
		return b
	}
	panic(fmt.Sprintf("zarr: data of type %T", data))
}

// decode is the inverse for n values.
func decode(kind string, b []byte, n int) (any, error) {
	le := binary.LittleEndian
	width, ok := map[string]int{"<f8": 8, "<i4": 4, "<i8": 8, "|b1": 1}[kind]
	if digits, text := strings.CutPrefix(kind, "<U"); text {
		chars, err := strconv.Atoi(digits)
		width, ok = 4*chars, err == nil
	}
	if !ok {
		return nil, fmt.Errorf("type is %q, accepted are <f8, <i4, <i8, |b1 and <U", kind)
	}
	if len(b) != n*width {
		return nil, fmt.Errorf("chunk has %d bytes, want %d values of %d", len(b), n, width)
	}
	switch kind {
	case "<f8":
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
		return v, nil
	case "<i4":
		v := make([]int32, n)
		for i := range v {
			v[i] = int32(le.Uint32(b[4*i:]))
		}
		return v, nil
	case "<i8":
		v := make([]int64, n)
		for i := range v {
			v[i] = int64(le.Uint64(b[8*i:]))
		}
		return v, nil
	case "|b1":
		v := make([]bool, n)
		for i := range v {
			v[i] = b[i] != 0
		}
		return v, nil
	}
	v := make([]string, n)
	for i := range v {
		var s strings.Builder
		for j := 0; j < width; j += 4 {
			if r := le.Uint32(b[i*width+j:]); r != 0 {
				s.WriteRune(rune(r))
			}
		}
		v[i] = s.String()
	}
	return v, nil
}
