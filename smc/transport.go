package smc

import (
	"context"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// Transport moves particles from one cut of the path to the next, by maps or kernels of its own, learned or not. It is
// made for one target, which it may evaluate as it goes. The engine weighs what it does:
//
//	log W += log γ_k(y) − log γ_{k−1}(x) + r_k(x, y),   r_k = log B_k(x | y) − log F_k(y | x)
//
// with F_k the kernel it moves by and B_k the one that would take it back; for a map, r_k is its log |det ∂y/∂x|. If the
// kernels cover each other, the mean weight is Z whatever the kernels are.
type Transport interface {
	Info() TransportInfo
	// Reference is its own γ_0, or nil: it takes the run's.
	Reference() Reference
	// Cuts lists the ends of its segments; the last is the target.
	Cuts() []Cut
	// Segment moves in, at cut k−1, to out, at cut k, and fills logRatio with r_k and status with how each particle fared.
	// It is pure: in is untouched, and the same arguments give the same bytes. Of out it fills X, Aux, LogOwn where there is
	// room for it, and Used. In has LogRef and LogTarget where the cut is a CutBeta, LogOwn where it is a CutOwn; at stage 0
	// its Aux is zero, for the first segment to draw. Segments count from 1, and each has a key of its own. A particle with a
	// status other than OK, or a log ratio that is NaN or +Inf, is given up: its weight is zero from there on.
	Segment(ctx context.Context, k int, in, out *Particles, logRatio []float64, status []targets.Status, key rng.Key) error
}

// TransportInfo describes a Transport.
type TransportInfo struct {
	Name          string
	Aux           int  // width of Particles.Aux
	Exact         bool // r_k belongs to what the segment really does; else it is discretised
	Order         int  // of the discretisation, if it is not exact
	Deterministic bool // the segments draw no random numbers
}

// Cut says what is known at the end of a segment.
type Cut struct {
	Kind CutKind
	Beta float64 // with CutBeta
}

// CutKind is a kind of Cut.
type CutKind uint8

// The kinds. At CutBeta γ_k is the geometric mean of reference and target; at CutOwn the transport serves its own γ_k in
// Particles.LogOwn; at CutNone there is none, and the engine neither resamples nor moves.
const (
	CutBeta CutKind = iota
	CutOwn
	CutNone
)
