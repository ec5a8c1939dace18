// Package phi4 has the tests that hold runs on the φ⁴ lattice to exact values and to long chains, over the hopping
// parameter, and the page and picture of what came of it: `make tables-phi4`.
package phi4
