package nn

// Flops is the number of floating-point operations of the matrix products of one evaluation for one particle, and of its
// reverse pass, the inputs' gradient not included. Speeds are measured in them.
func (m *MLP[T]) Flops() (forward, backward float64) {
	for i, d := range m.Layers {
		forward += float64(2 * d.Rows() * d.Out)
		backward += float64(2 * d.Rows() * d.Out)
		if i > 0 {
			backward += float64(2 * d.In * d.Out)
		}
	}
	return forward, backward
}
