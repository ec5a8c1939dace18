// Package tables holds the learned samplers against the figures published for them. `make tables` trains each row's sampler
// from its pilot, weighs fresh paths, and writes docs/results/samplers.md: what was reached beside what was published and
// what is demanded here, with the seed, the steps, the evaluations of the target and the CPU minutes of each row. The tests
// of this package are that command; without SAMPAN_TABLES they skip.
package tables
