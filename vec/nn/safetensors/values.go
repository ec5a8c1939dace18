package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec"
)

// bytesOf is the size of a value of each type that the format knows.
var bytesOf = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}

// check tells whether the data are as long as type and shape say.
func (t *Tensor) check() error {
	size, ok := bytesOf[t.DType]
	if !ok {
		return fmt.Errorf("safetensors: tensor %q has the unknown type %q", t.Name, t.DType)
	}
	for _, s := range t.Shape {
		if s < 0 || s > 0 && size > math.MaxInt/s {
			return fmt.Errorf("safetensors: tensor %q has the shape %v", t.Name, t.Shape)
		}
		size *= s
	}
	if size != len(t.Data) {
		return fmt.Errorf("safetensors: tensor %q of shape %v and type %s has %d bytes, wanted %d", t.Name, t.Shape, t.DType, len(t.Data), size)
	}
	return nil
}

// New makes a tensor of a copy of values.
func New[T vec.Float](name string, shape []int, values []T) Tensor {
	t := Tensor{Name: name, Shape: shape}
	switch v := any(values).(type) {
	case []float32:
		t.DType = "F32"
		for _, x := range v {
			t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
		}
	case []float64:
		t.DType = "F64"
		for _, x := range v {
			t.Data = binary.LittleEndian.AppendUint64(t.Data, math.Float64bits(x))
		}
	}
	return t
}

// Values sets dst to the tensor's values, rounded if T is narrower.
func Values[T vec.Float](dst []T, t *Tensor) error {
	size := bytesOf[t.DType]
	if t.DType != "F32" && t.DType != "F64" {
		return fmt.Errorf("safetensors: tensor %q is of type %s, wanted F32 or F64", t.Name, t.DType)
	}
	if len(dst)*size != len(t.Data) {
		return fmt.Errorf("safetensors: tensor %q has shape %v, wanted %d values", t.Name, t.Shape, len(dst))
	}
	for i := range dst {
		b := t.Data[i*size:]
		if size == 4 {
			dst[i] = T(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		} else {
			dst[i] = T(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	}
	return nil
}
