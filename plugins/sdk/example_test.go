package sdk_test

import (
	"encoding/json"
	"fmt"

	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/targets"
)

// config is what the user may say about the density.
type config struct {
	Dim int `json:"dim"`
}

// newBowl makes the density -Σ xᵢ²/2 of a dimension that the user chooses.
func newBowl(raw json.RawMessage, _ string) (targets.Density, error) {
	c := config{Dim: 2}
	if err := sdk.Decode(raw, &c); err != nil {
		return nil, err
	}
	return targets.Func("bowl", targets.Reals("x", c.Dim), func(x, grad []float64) float64 {
		sum := 0.0
		for i, v := range x {
			sum -= v * v / 2
			if grad != nil {
				grad[i] = -v
			}
		}
		return sum
	}), nil
}

// A whole plugin is this main function. Built as ./bowl, it is used by `use = "./bowl"` in a run file.
func ExampleMain() {
	main := func() { sdk.Main(sdk.Target{Name: "bowl", Version: "0.1.0", New: newBowl}) }
	_ = main
}

func ExampleDecode() {
	c := config{Dim: 2}
	fmt.Println(sdk.Decode([]byte(`{"dimension": 3}`), &c))
	// Output: dimension: found an unknown key; accepted: dim
}
