// Package validate holds the long test of the whole program: many seeds of real runs of the built binary against values
// of log Z that are known exactly or to a stated error. `make validate` runs it and writes docs/results/validate.md.
package validate
