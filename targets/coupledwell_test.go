package targets

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// TestCoupledWellsKnown: log Z and the weight of every sign pattern against the transfer matrix of another program, on a
// uniform grid.
func TestCoupledWellsKnown(t *testing.T) {
	raw, err := os.ReadFile("testdata/points/coupled_many_well_d5_delta4_c0.3.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		LogZ    float64
		Weights []float64 `json:"mode_weights"`
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	d, err := NewCoupledManyWell(5, 4, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "log Z", d.Info().Known.LogZ, want.LogZ, 1e-12)
	for k, w := range ModesOf(d).ModeWeights() {
		near(t, fmt.Sprintf("weight of pattern %d", k), w, want.Weights[k], 1e-12)
	}
}

// TestCoupledWellsWithoutCoupling: a chain without coupling is the many-well, in every figure and to the ends of the
// range of δ, which the two integrate by different rules.
func TestCoupledWellsWithoutCoupling(t *testing.T) {
	for _, delta := range []float64{-100, -1, 0, 0.3, 1, 4, 30, 100} {
		for _, dim := range []int{1, 2, 7} {
			chain := newWellChain(dim, delta, 0)
			w := newDoubleWell(delta)
			what := fmt.Sprintf("δ = %v, %d wells", delta, dim)
			near(t, what+": log Z", chain.logZ, float64(dim)*w.logZ, 1e-12)
			near(t, what+": sd", chain.sd()[dim-1], w.sd, 1e-12)
			for _, v := range chain.signWeights() {
				near(t, what+": weight", v, math.Ldexp(1, -dim), 1e-13)
			}
			for k, v := range chain.covariance() {
				if k/dim != k%dim {
					near(t, what+": covariance", v, 0, 1e-12)
				}
			}
		}
	}
}

// TestCoupledWellsOfASign: turning every second coordinate round turns c into −c and changes nothing else.
func TestCoupledWellsOfASign(t *testing.T) {
	a, b := newWellChain(4, 2, 1.3), newWellChain(4, 2, -1.3)
	near(t, "log Z", b.logZ, a.logZ, 1e-14)
	for k, v := range a.signWeights() {
		near(t, "weight", b.signWeights()[k^0b0101], v, 1e-13)
	}
	ca, cb := a.covariance(), b.covariance()
	for k := range ca {
		near(t, "covariance", cb[k]*math.Pow(-1, float64(k/4+k%4)), ca[k], 1e-13)
	}
}
