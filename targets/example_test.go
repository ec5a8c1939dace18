package targets_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// A built-in target, its log density at two points, and what is known about it.
func ExampleNew() {
	d, err := targets.New("many-well", map[string]any{"dim": 5, "delta": 4.0}, "")
	if err != nil {
		log.Fatal(err)
	}
	b := targets.NewBatch(2, 5, targets.LogP|targets.Grad)
	copy(b.X, []float64{2, 2, 2, 2, 2, 0, 0, 0, 0, 0})
	if err := d.Eval(context.Background(), b); err != nil {
		log.Fatal(err)
	}
	fmt.Println(b.LogP, b.Status)
	fmt.Printf("log Z = %.6f\n", d.Info().Known.LogZ)
	// Output:
	// [0 -80] [ok ok]
	// log Z = -0.541056
}

// A fault in a configuration says where it is, what was found and what is accepted.
func ExampleNew_fault() {
	_, err := targets.New("funnel", map[string]any{"dims": 10}, "")
	var fault *targets.ConfigError
	if errors.As(err, &fault) {
		fmt.Println(fault.Path, "|", fault.Found, "|", fault.Accepted)
	}
	// Output:
	// dims | an unknown key | dim, scale, rotation (did you mean dim?)
}

// A function of one point becomes a density. Rows that went wrong are told by their status.
func ExampleFunc() {
	banana := targets.Func("banana", targets.Reals("x", 2), func(x, grad []float64) float64 {
		y := x[1] + x[0]*x[0] - 1
		if grad != nil {
			grad[0], grad[1] = -x[0]-2*x[0]*y, -y
		}
		return -0.5*x[0]*x[0] - 0.5*y*y
	})
	b := targets.NewBatch(2, 2, targets.LogP|targets.Grad)
	copy(b.X, []float64{1, 1, math.NaN(), 0})
	if err := banana.Eval(context.Background(), b); err != nil {
		log.Fatal(err)
	}
	fmt.Println(b.LogP, b.Grad[:2], b.Status)
	// Output:
	// [-1 NaN] [-3 -1] [ok numerical]
}

// The exponential density on the unconstrained scale u = log x: the Jacobian adds u.
func ExampleUnconstrain() {
	rate := targets.FuncNoGrad("exponential", []targets.Param{{Name: "x", Support: targets.Positive}},
		func(x []float64) float64 { return -x[0] })
	free, transform, err := targets.Unconstrain(rate)
	if err != nil {
		log.Fatal(err)
	}
	b := targets.NewBatch(1, 1, targets.LogP)
	b.X[0] = math.Log(3)
	if err := free.Eval(context.Background(), b); err != nil {
		log.Fatal(err)
	}
	x := make([]float64, 1)
	transform.Constrain(1, b.X, x)
	fmt.Printf("x = %.4f, log density %.4f\n", x[0], b.LogP[0])
	// Output:
	// x = 3.0000, log density -1.9014
}

// Exact draws by slot: the same whether asked for together or apart.
func ExampleSampler() {
	d, err := targets.New("gmm9", nil, "")
	if err != nil {
		log.Fatal(err)
	}
	key, x := rng.NewKey(1, "init", 0), make([]float64, 6)
	s := d.(targets.Sampler)
	if err := s.Sample(context.Background(), 0, 3, key, x); err != nil {
		log.Fatal(err)
	}
	alone := make([]float64, 2)
	if err := s.Sample(context.Background(), 2, 1, key, alone); err != nil {
		log.Fatal(err)
	}
	fmt.Println(alone[0] == x[4] && alone[1] == x[5])
	// Output:
	// true
}
