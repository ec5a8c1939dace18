package targets

// forward returns d with the optional interfaces that inner has, so that a wrapper which leaves the scale of the points
// alone need not know which.
func forward(d, inner Density) Density {
	s, _ := inner.(Sampler)
	p, _ := inner.(PriorSampler)
	o, _ := inner.(Outputs)
	return attach(d, s, p, o)
}

// Names of their own, so that the embedded fields do not hide the methods of the same name.
type (
	sampler      interface{ Sampler }
	priorSampler interface{ PriorSampler }
	outputs      interface{ Outputs }
)

// wrapper is a Density that As sees through.
type wrapper struct{ Density }

func (w wrapper) Unwrap() Density { return w.Density }

// As finds the first T in d and the densities that it wraps: an optional interface that wrappers do not hand on, such as
// Modal, or a type, such as *Rotated. A wrapper that moves the points, such as that of Unconstrain, is not seen through.
// Whatever T offers is therefore about the same points as d.
func As[T any](d Density) (T, bool) {
	for {
		if t, ok := d.(T); ok {
			return t, true
		}
		u, ok := d.(interface{ Unwrap() Density })
		if !ok {
			var none T
			return none, false
		}
		d = u.Unwrap()
	}
}

// attach returns d with those of the optional interfaces Sampler, PriorSampler and Outputs that are not nil, and no
// others. It is seen through by As.
func attach(d Density, s Sampler, p PriorSampler, o Outputs) Density {
	w := wrapper{d}
	switch {
	case s != nil && p != nil && o != nil:
		return struct {
			wrapper
			sampler
			priorSampler
			outputs
		}{w, s, p, o}
	case s != nil && p != nil:
		return struct {
			wrapper
			sampler
			priorSampler
		}{w, s, p}
	case s != nil && o != nil:
		return struct {
			wrapper
			sampler
			outputs
		}{w, s, o}
	case p != nil && o != nil:
		return struct {
			wrapper
			priorSampler
			outputs
		}{w, p, o}
	case s != nil:
		return struct {
			wrapper
			sampler
		}{w, s}
	case p != nil:
		return struct {
			wrapper
			priorSampler
		}{w, p}
	case o != nil:
		return struct {
			wrapper
			outputs
		}{w, o}
	}
	return d
}
