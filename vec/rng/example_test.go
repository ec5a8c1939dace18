package rng_test

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec/rng"
)

// The draw of slot 5 is the same whether it is asked for alone or after others, here or on another machine.
func Example() {
	key := rng.NewKey(1, "init", 0)
	z := make([]float64, 3)
	for slot := range uint32(6) {
		key.Normals(z, slot, 0, 0)
	}
	fmt.Printf("%.6f\n", z)
	key.Normals(z, 5, 0, 0)
	fmt.Printf("%.6f\n", z)
	// Output:
	// [-0.085842 -0.931947 0.445742]
	// [-0.085842 -0.931947 0.445742]
}
