package optim

import "math"

// Schedule is the learning rate over a run: from 0 up to Peak in Warmup steps, in a straight line, and then to Final by
// step Steps along half a period of the cosine (Loshchilov and Hutter, "SGDR", 2017). With Steps 0 it stays at Peak.
type Schedule struct {
	Peak, Final   float64
	Warmup, Steps int
}

// At is the rate of step i, the first being 0.
func (s Schedule) At(i int) float64 {
	switch {
	case i < s.Warmup:
		return s.Peak * float64(i+1) / float64(s.Warmup)
	case s.Steps <= 0:
		return s.Peak
	case i >= s.Steps:
		return s.Final
	}
	u := float64(i-s.Warmup) / float64(s.Steps-s.Warmup)
	return s.Final + (s.Peak-s.Final)*0.5*(1+math.Cos(math.Pi*u))
}
