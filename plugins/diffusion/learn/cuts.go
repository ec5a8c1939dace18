package learn

import (
	"fmt"

	"github.com/sampan-mc/sampan/smc"
)

// Ends cuts k steps into n segments of about as many steps each, one at least, and lists the steps that they end after,
// from 0 on.
func Ends(n, k int) ([]int, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d segments found; accepted: 1 to %d", n, k)
	}
	n = min(n, k)
	ends := make([]int, n+1)
	for i := range ends {
		ends[i] = i * k / n
	}
	return ends, nil
}

// Unknown lists the cuts of n segments of a path that does not know its densities on the way.
func Unknown(n int) []smc.Cut {
	cuts := make([]smc.Cut, n)
	for i := range cuts {
		cuts[i] = smc.Cut{Kind: smc.CutNone}
	}
	cuts[n-1] = smc.Cut{Kind: smc.CutBeta, Beta: 1}
	return cuts
}
