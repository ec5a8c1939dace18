package tables

import (
	"math"
	"testing"
)

// TestReading: what prototypes print is read as its last effective sample size and the time it took, with that of the first
// line's keys where it is told apart; output without one is a fault.
func TestReading(t *testing.T) {
	const objects = `{"args": "--problem gmm9", "pilot_cpu": 3.7, "dir_cpu": 0.2}
{"gn": 100, "cpu": 5.1, "n": 4000, "ess": 0.9996}
{"compile_s": 9.4}
{"gn": 200, "cpu": 10.5, "n": 4000, "ess": 0.9999}
{"align_end": 0.03}
`
	const words = `it 1000 loss 1.2 train cpu 10.9
   sde: ESS 0.3100 dlogZ +0.0012
   ode: ESS 0.6900 dlogZ -0.0003
it 2000 loss 1.1 train cpu 22.4
   ode: ESS 0.8100 dlogZ +0.0001
`
	for _, c := range []struct {
		name, printed string
		read          func([]byte) (prototype, error)
		ess, seconds  float64
	}{
		{"objects", objects, lines(), .9999, 10.5},
		{"objects and a pilot", objects, lines("pilot_cpu", "dir_cpu"), .9999, 14.4},
		{"words", words, prose, .81, 22.4},
	} {
		got, err := c.read([]byte(c.printed))
		if err != nil || got.ESS != c.ess || math.Abs(got.Seconds-c.seconds) > 1e-9 {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	for name, read := range map[string]func([]byte) (prototype, error){"objects": lines(), "words": prose} {
		if got, err := read([]byte("{}")); err == nil {
			t.Errorf("%s: nothing printed was read as %+v", name, got)
		}
	}
}

// TestBetter: the lesser standard error is the better one, but not where log Z is off by more than it explains.
func TestBetter(t *testing.T) {
	for _, c := range []struct {
		z, err, otherZ, otherErr float64
		want                     string
	}{
		{.01, .02, .01, .05, "learned"},
		{.01, .05, .01, .02, "tempering"},
		{.01, .02, .01, .021, "even"},
		{.3, .02, .01, .05, "tempering"},
		{.01, .05, .3, .02, "learned"},
		{.3, .02, .3, .02, "neither"},
		{math.NaN(), .02, 0, .02, "tempering"},
	} {
		o := outcome{LogZ: c.z, LogZErr: c.err}
		if got := o.better(beside{LogZ: c.otherZ, LogZErr: c.otherErr}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
