package targets

import (
	"fmt"
	"math"
	"testing"
)

// TestBrownianKnown works out the evidence, the means and the standard deviations again: given the scales the path is
// Gaussian, filter and smoother are exact, and what is left is an integral over two log scales by the trapezoidal rule.
func TestBrownianKnown(t *testing.T) {
	table, err := readTable(openEmbedded, "brownian.csv", true)
	if err != nil {
		t.Fatal(err)
	}
	y := table.cols[table.column("y")]
	const h = 0.125
	d := len(y) + 2
	z, m1, m2 := 0.0, make([]float64, d), make([]float64, d)
	for a := -14.0; a <= 10; a += h {
		for b := -14.0; b <= 10; b += h {
			logLik, mean, variance := smoothBrownian(y, math.Exp(2*a), math.Exp(2*b))
			w := h * h * math.Exp(logLik-(a*a+b*b)/8-2*math.Log(2)-log2Pi)
			z += w
			for j := range d {
				m, v := 0.0, 0.0
				switch j {
				case 0:
					m = a
				case 1:
					m = b
				default:
					m, v = mean[j-2], variance[j-2]
				}
				m1[j] += w * m
				m2[j] += w * (v + m*m)
			}
		}
	}
	k := catalogueInfo(t, "brownian").Known
	if len(k.Mean) != d {
		k.Mean, k.SD = make([]float64, d), make([]float64, d)
	}
	near(t, "log Z", k.LogZ, math.Log(z), 1e-10)
	for j := range d {
		m := m1[j] / z
		near(t, fmt.Sprintf("mean of coordinate %d", j), k.Mean[j], m, 1e-10)
		near(t, fmt.Sprintf("sd of coordinate %d", j), k.SD[j], math.Sqrt(m2[j]/z-m*m), 1e-10)
	}
}

// smoothBrownian is the log likelihood of y, and mean and variance of each place of the path given y and the variances
// of a step and of the noise.
func smoothBrownian(y []float64, step, noise float64) (logLik float64, mean, variance []float64) {
	n := len(y)
	mean, variance = make([]float64, n), make([]float64, n) // filtered, then smoothed
	m, p := 0.0, 0.0
	for t, v := range y {
		p += step
		if !math.IsNaN(v) {
			s := p + noise
			logLik -= 0.5 * (math.Log(2*math.Pi*s) + (v-m)*(v-m)/s)
			m += p / s * (v - m)
			p *= noise / s
		}
		mean[t], variance[t] = m, p
	}
	for t := n - 2; t >= 0; t-- {
		gain := variance[t] / (variance[t] + step)
		mean[t] += gain * (mean[t+1] - mean[t])
		variance[t] += gain * gain * (variance[t+1] - variance[t] - step)
	}
	return logLik, mean, variance
}
