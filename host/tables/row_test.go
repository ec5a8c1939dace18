package tables

import (
	"fmt"
	"os"
)

// The three targets that the published tables have, in their order.
var seedTargets = []problem{
	{name: "gmm9", short: "9-mode mixture", start: 6},
	{name: "many_well_d5_m5_delta4", short: "many-well, d = 5", start: 2.5},
	{name: "many_well_d50_m5_delta2", short: "many-well, d = 50", start: 2},
}

// problem is a target with what is told of it to a run: the standard deviation of the reference.
type problem struct {
	name, short string
	start       float64
	csv         string // a file of the shared data that it is made from
}

// rotation is the seed of the rotation of the second runs; the tables of three seeds take it and the two after it.
const rotation = 3

// row is a sampler on a target.
type row struct {
	table   string // the heading that it stands under
	target  problem
	rotated bool
	method  map[string]any // the configuration of the plugin
	pilot   int            // particles; 0: from scratch
	paths   int            // fresh ones that it is judged by

	published float64 // effective sample size, 0: none
	demanded  float64 // likewise; 0: as measured
	noModes   bool    // a row that is known to lose modes
	flow      bool    // an ordinary differential equation, dear to evaluate
	biased    bool    // its weights are not the chain's: log Z is not held to anything
	seconds   float64 // CPU seconds of pilot and training that are allowed; 0: any
	note      string

	contest *contest // a row of log Z by sequential Monte Carlo
	race    *race    // a row of the time that another program takes
	steps   int      // of the method's own training, in a race
	hybrid  bool     // the host's hybrid is made of the sampler, and decides about it
}

// name tells rows apart, and is stable.
func (r row) name() string {
	turned := ""
	if r.rotated {
		turned = ", rotated"
	}
	return fmt.Sprintf("%s: %s%s", r.table, r.target.short, turned)
}

// config is that of the target.
func (r row) config(seed int) map[string]any {
	c := map[string]any{}
	if r.rotated {
		c["rotation"] = rotation + seed - 1
	}
	if r.target.csv != "" {
		c["csv"] = r.target.csv
	}
	return c
}

// shared is the folder of the data that the repository does not hold.
const shared = "../../../shared"

// absent says what a row needs and is not there; "" for nothing.
func (r row) absent() string {
	if r.target.csv != "" {
		if _, err := os.Stat(r.target.csv); err != nil {
			return fmt.Sprintf("no data: %v", err)
		}
	}
	if r.race != nil {
		return r.race.absent()
	}
	return ""
}
