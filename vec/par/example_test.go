package par_test

import (
	"fmt"

	"github.com/sampan-mc/sampan/vec/par"
)

// A sum over a hundred tiles is gathered in slots, so that it has the same bits for any number of workers.
func Example() {
	const tiles = 100
	for _, workers := range []int{1, 7} {
		sums := make([]float32, par.Slots(tiles))
		par.NewPool(workers).For(len(sums), func(_, slot int) {
			lo, hi := par.Range(tiles, len(sums), slot)
			for i := lo; i < hi; i++ {
				sums[slot] += 1 / float32(i+1)
			}
		})
		var total float32
		for _, s := range sums {
			total += s
		}
		fmt.Println(workers, total)
	}
	// Output:
	// 1 5.187378
	// 7 5.187378
}
