package smc

import "fmt"

// Resampler is a way to draw ancestors in proportion to weights. Both are unbiased: the expected number of offspring of
// a particle is N times its normalised weight.
type Resampler uint8

// The resamplers. Systematic uses one uniform for the whole population and keeps relatives side by side; it has the
// lowest variance in practice. Multinomial draws the ancestors independently.
const (
	Systematic Resampler = iota
	Multinomial
)

// ParseResampler is the resampler of this name.
func ParseResampler(name string) (Resampler, error) {
	switch name {
	case "systematic":
		return Systematic, nil
	case "multinomial":
		return Multinomial, nil
	}
	return 0, fmt.Errorf("unknown resampler %q; accepted: systematic, multinomial", name)
}

// String is the resampler's name as ParseResampler takes it.
func (r Resampler) String() string {
	switch r {
	case Systematic:
		return "systematic"
	case Multinomial:
		return "multinomial"
	}
	return fmt.Sprintf("resampler %d", uint8(r))
}
