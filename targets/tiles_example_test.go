package targets_test

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/tile"
)

// A trainer asks for log densities and scores tile by tile, whatever the density is.
func ExampleOnTiles() {
	funnel, err := targets.NewFunnel(3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	const p = 4 // particles
	onTiles := targets.OnTiles[float32](funnel, p)
	b := &targets.TileBatch[float32]{X: tile.New[float32](3, p), LogP: make([]float64, p), Grad: tile.New[float32](3, p)}
	copy(b.X.Row(0), []float32{0, 1, 0, 0})
	copy(b.X.Row(2), []float32{0, 0, 2, -3})
	if err := onTiles.Eval(context.Background(), b); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", b.LogP)
	fmt.Println(b.Grad.Row(2))
	// Output:
	// [-2.757 -4.257 -4.757 -7.257]
	// [-0 -0 -2 3]
}
