package smc

import (
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/smc/mcmc"
)

// Hooks join a run to the world. All may be nil. The engine never calls two of them at a time.
type Hooks struct {
	// Workers is the number of islands that run at a time, 1 if it is less. The result does not depend on it.
	Workers int
	// Progress is told of every stage as it ends, but not of those that were loaded.
	Progress func(Report)
	// Decided is told, before the islands run, what they will run by; with a transport only.
	Decided func(Plan)
	// Save is given the state of a stream after stage index; index 0 is the draw from the reference. Streams are "pilot",
	// with a transport "pilot-2" and so on if it takes more than one, and "island-0", "island-1", … An error ends the run.
	Save func(stream string, index int, snapshot []byte) error
	// Load gives the last snapshot saved of a stream. A run that starts from such snapshots ends in the same bytes as one
	// that was never stopped.
	Load func(stream string) (index int, snapshot []byte, ok bool)
}

// Report tells how one stage of one population went.
type Report struct {
	Stream string
	Stage  int // from 1
	Stages int // of the schedule; 0 while it is being found
	// Segment is that of the transport, from 1, which this stage applied; 0: a tempered stage.
	Segment int
	Beta    float64 // at the end of the stage; NaN where a transport's cut has none
	// CESS and ESS are the conditional and plain effective sample sizes after weighting, before any resampling, as
	// fractions: the one of what a step of size nought would leave, the other of the particles.
	CESS, ESS float64
	ParetoK   float64 // of the weights since the last resampling, taken before this stage's; NaN if it cannot be had
	Resampled bool
	Ancestors int     // particles of stage 0 with living descendants, after resampling
	LogZ      float64 // estimate of log Z_β
	// Acceptance is the mean acceptance probability of the moves, NaN if no particle could move.
	Acceptance float64
	Step       float64 // step size of the moves, the last one if it was being tuned
	Moves      int
	Divergent  int
	Dead       int        // particles of weight zero, before any resampling
	Lost       int        // of these, given up by the transport in this stage: no usable log ratio
	FirstLost  int        // slot of the first of them
	Tally      mcmc.Tally // of the whole stream so far
}

// Island is one independent population at the end of its run.
type Island struct {
	Particles *Particles // LogW since the last resampling
	LogZ      float64
	Draws     []float64 // N×D: equally weighted, by a last resampling; relatives stand side by side
	Ancestors []int32   // N: the particle each draw is a copy of
	Reports   []Report
	ESS       float64 // effective sample size of LogW
	ParetoK   float64 // worst of the run
	WorstAt   int     // stage at which it was met
	Tally     mcmc.Tally
	Genealogy diag.Island // for the error of log Z
}

// Result is what a run gave.
type Result struct {
	D       int
	Islands []Island
	Pilot   []Report // nil if there was no pilot
	Plan    Plan     // what the islands ran by, or the first of them found if they adapted on the fly
	Frozen  bool     // the islands ran by a plan fixed beforehand: the estimate of Z is exactly unbiased

	LogZ       float64 // islands combined: log of the mean of their estimates of Z
	LogZErrors []diag.LogZError
	Headline   diag.LogZError // the one to quote
	ESS        float64        // islands together, each weighted by its estimate of Z
	ParetoK    float64        // worst stage of all islands
	WorstAt    int            // that stage
	Tally      mcmc.Tally     // pilot included
	PilotTally mcmc.Tally
	Findings   []mcmc.Finding
}
