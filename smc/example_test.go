package smc_test

import (
	"context"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// The integral of a double well, exp(−(x² − 4)²), started from a normal wide enough to hold both wells.
func ExampleRun() {
	well := targets.Func("double-well", targets.Reals("x"), func(x, grad []float64) float64 {
		c := x[0]*x[0] - 4
		if grad != nil {
			grad[0] = -4 * x[0] * c
		}
		return -c * c
	})
	ref, err := smc.NewNormal(1, []float64{0}, []float64{3})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := smc.Defaults()
	cfg.Seed = 1
	res, err := smc.Run(context.Background(), ref, well, cfg, smc.Hooks{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	const exact = -0.1082111 // by quadrature
	fmt.Println("islands:", len(res.Islands))
	fmt.Println("log Z within three standard errors:", math.Abs(res.LogZ-exact) < 3*res.Headline.Value)
	fmt.Println("estimate of Z unbiased:", res.Frozen)
	// Output:
	// islands: 4
	// log Z within three standard errors: true
	// estimate of Z unbiased: true
}

// A fixed schedule, quadratic and of fifty stages, and no resampling: annealed importance sampling.
func ExamplePower() {
	fmt.Println(smc.Power(4, 2))
	cfg := smc.AISDefaults()
	cfg.Schedule = smc.Schedule{Betas: smc.Power(50, 2)}
	fmt.Println(cfg.Validate())
	// Output:
	// [0.0625 0.25 0.5625 1]
	// <nil>
}
