// Package picture draws what a training has learned: how its densities change along the path from a reference to the
// target, beside those of the tempered pilot. The look of pictures is settled here and nowhere else.
package picture
