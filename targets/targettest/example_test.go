package targettest_test

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/targets/targettest"
)

// The gradient of this density lacks a factor of two. What builds on gradients is then left out.
func ExampleRun() {
	d := targets.Func("quartic", targets.Reals("x"), func(x, grad []float64) float64 {
		v := x[0] * x[0]
		if grad != nil {
			grad[0] = -2 * v * x[0]
		}
		return -v * v
	})
	for _, r := range targettest.Run(context.Background(), d, targettest.Options{}) {
		if len(r.Failures) > 0 {
			fmt.Println("failed:", r.Check)
		}
	}
	// Output:
	// failed: gradient
}
