package nn

import (
	"fmt"
	"slices"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn/safetensors"
)

// Export returns the tensors of a vector laid out as l says (parameters, their average, the moments of an optimiser), each
// name after a prefix. A kernel is in by out, as in JAX; the weight of PyTorch's Linear is its transpose.
func Export[T vec.Float](l *Layout, prefix string, v []T) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, t := range l.Tensors {
		out = append(out, safetensors.New(prefix+t.Name, t.Shape, v[t.Off:t.Off+t.Size()]))
	}
	return out
}

// Import fills a vector laid out as l says from a file's tensors of the prefix. Every tensor of the layout must be there in
// its shape; others are left alone. Params need a Refresh after it.
func Import[T vec.Float](l *Layout, prefix string, v []T, f *safetensors.File) error {
	for _, t := range l.Tensors {
		found := f.Find(prefix + t.Name)
		if found == nil {
			return fmt.Errorf("nn: the file has no tensor %q", prefix+t.Name)
		}
		if !slices.Equal(found.Shape, t.Shape) {
			return fmt.Errorf("nn: tensor %q has shape %v, the net needs %v", prefix+t.Name, found.Shape, t.Shape)
		}
		if err := safetensors.Values(v[t.Off:t.Off+t.Size()], found); err != nil {
			return err
		}
	}
	return nil
}
