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

// attach returns d with those optional interfaces that are not nil, and no others.
func attach(d Density, s Sampler, p PriorSampler, o Outputs) Density {
	switch {
	case s != nil && p != nil && o != nil:
		return struct {
			Density
			sampler
			priorSampler
			outputs
		}{d, s, p, o}
	case s != nil && p != nil:
		return struct {
			Density
			sampler
			priorSampler
		}{d, s, p}
	case s != nil && o != nil:
		return struct {
			Density
			sampler
			outputs
		}{d, s, o}
	case p != nil && o != nil:
		return struct {
			Density
			priorSampler
			outputs
		}{d, p, o}
	case s != nil:
		return struct {
			Density
			sampler
		}{d, s}
	case p != nil:
		return struct {
			Density
			priorSampler
		}{d, p}
	case o != nil:
		return struct {
			Density
			outputs
		}{d, o}
	}
	return d
}
