// Package config reads the run file, the one TOML file that says what a run does, and writes it back with every default
// filled in.
//
// Read reports all mistakes at once, each with file, line, key, what was found and what is accepted. The zero value of
// no struct here is meant to be used: Default is where to start from, and Read starts there.
package config

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Run is a whole run file.
type Run struct {
	Folder    string            // that paths in the file are relative to; absolute once read
	Seed      int               // of all random numbers
	Workers   int               // goroutines of the host; 0: one a core. Results do not depend on it
	Labels    map[string]string // for people; they go with the draws
	Target    Target
	Reference Reference
	Sampler   Sampler

	file string // that it was read from
	tree *node  // what was read
}

// Target is the density to draw from, and how its processes are run if it has any.
type Target struct {
	Use     string         // a built-in name, or, with a slash or an extension, a plugin
	Config  map[string]any // the component's own
	Isolate bool           // run a built-in in a process of its own
	Processes
	OnBadPoint string // "stop", or "reject": go on as if the density were zero there
}

// Processes says how the processes of a component are run, if it has any.
type Processes struct {
	Workers int // how many; 0: as the plugin's manifest says, else 1
	Threads int // of the numerical libraries in one process
	// TimeoutSeconds bounds one request, StartSeconds the start of a process and the making of its component; 0: as the
	// kind of plugin needs.
	TimeoutSeconds, StartSeconds float64
	// ChunkRows is the number of points or particles in one request. 0, before the run is planned: what the component
	// prefers. It never depends on the number of workers, so neither do the results.
	ChunkRows int
	Python    string // interpreter of Python plugins; empty: SAMPAN_PYTHON, else python3
	Env       map[string]string
}

// Reference is the density at the start of the path to the target.
type Reference struct {
	// Use is "auto": the prior if the target has a normalised one that can be drawn from, else the target's own
	// suggestion, else a wide normal, with a warning.
	Use string
	// Location, Scale and degrees of freedom of the normal and Student's t, and ends of the uniform, on the unconstrained
	// scale: one number for all coordinates, or one for each.
	Location, Scale []float64
	DOF             float64
	Lower, Upper    []float64
	// Assumed says that "auto" found nothing better than this normal.
	Assumed bool
}

// Sampler is the algorithm and its settings. Population is set for smc and ais, Chains for the others.
type Sampler struct {
	Use        string
	Population *Population
	Chains     *Chains
}

// Population holds the settings of the samplers that move a weighted population along a path of densities. Package smc
// has their meaning and their defaults.
type Population struct {
	Particles  int     // in each island; 0, before the run is planned: 1024, or fewer where dimensions are many
	Islands    int     // independent repeats; their spread is an error estimate
	Resampling string  // of smc
	Threshold  float64 // of smc: resample below this ESS, as a fraction of the particles
	// Schedule is "adaptive": the next inverse temperature is the largest that keeps the conditional ESS at CESS, as a
	// fraction of the particles; or "fixed": Betas, or if that is nil (k/Stages)^Power.
	Schedule  string
	CESS      float64
	MaxStages int
	Betas     []float64
	Stages    int
	Power     float64
	// Freeze has a pilot find schedule and step sizes, and runs with fresh randomness by what it found, so that the
	// estimate of Z is unbiased. Without it the islands adapt as they go.
	Freeze    bool
	Move      Move
	Transport *Transport // nil: none
}

// Transport moves the particles from cut to cut of a path, by kernels or maps of its own. Package smc has what the engine
// makes of it.
type Transport struct {
	Use    string         // "diffusion", or, with a slash or an extension, a plugin
	Config map[string]any // the component's own
	// Decide has the pilot decide which segments to keep, to follow by moves, or to replace by tempering. Otherwise all
	// are used, with moves at every cut.
	Decide bool
	// Beside runs tempered SMC too, at as many evaluations of the target, for comparison.
	Beside bool
	// BesideParticles is how many particles it has in each island; 0, before it is run: as many as make it cost the same.
	BesideParticles int
	// Ask has the transport ask this program for the target, wherever that runs, even if it could make the built-in one
	// itself: as it does for a plugin's.
	Ask bool
	// Artefact is the folder of a trained transport. Empty: one that learns is trained first.
	Artefact string
	Processes
	Pilot Pilot
	Train Train
}

// Pilot is a tempered population that a transport learns from and is held against.
type Pilot struct {
	Skip           bool // there is none
	Particles      int  // 0, before the run is planned: as many as it takes to train, or fewer to be held against
	MaxEvaluations int  // of the target; 0: no limit
}

// Train bounds a training. Zeros are no bounds.
type Train struct {
	MaxSteps       int // 0: the method's own number
	MaxEvaluations int // of the target
	// MaxSeconds is turned into steps by a short trial, once: MaxSteps then holds them and MaxSeconds is 0, so that the
	// results do not depend on the clock.
	MaxSeconds float64
	Evaluate   int // fresh particles that `sampan train` evaluates on
}

// Move is the Markov kernel applied at each stage.
type Move struct {
	Use   string
	Steps int // applications of the kernel a stage
	Kernel
}

// Chains holds the settings of the plain Markov chain samplers. Package mcmc has their meaning and their defaults.
type Chains struct {
	Chains int
	Warmup int // iterations that adapt the kernel; not kept
	Draws  int // kept, each chain
	Thin   int // iterations a kept draw
	Kernel
}

// Kernel holds what the Markov kernels share.
type Kernel struct {
	StepSize float64 // 0: adapted
	Accept   float64 // acceptance probability that adaptation aims at; 0: the kernel's own
	Leapfrog int     // of hmc: steps a trajectory
	Jitter   float64 // of hmc: the steps vary by this fraction
}

// Populations and Chained name the samplers of the two kinds, Moves the kernels.
var (
	Populations = []string{"smc", "ais"}
	Chained     = []string{"hmc", "mala", "rwm"}
	Moves       = []string{"hmc", "mala", "rwm"}
)

// Read reads the run file at path, applies the "key=value" assignments in set, and returns the resolved run. The error
// of a wrong file is an *Error.
func Read(path string, set ...string) (*Run, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return parseRun(path, folder, text, set)
}

func parseRun(file, folder string, text []byte, set []string) (*Run, error) {
	tree, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	for _, s := range set {
		if err := tree.set(s); err != nil {
			return nil, err
		}
	}
	return resolveTree(file, folder, tree)
}

// resolveTree fills in the defaults and checks everything.
func resolveTree(file, folder string, tree *node) (*Run, error) {
	c := defaultRun(folder)
	c.file, c.tree = file, tree
	r := &reader{file: file}
	top := &section{r: r, node: tree}
	c.visit(top)
	top.end()
	if !filepath.IsAbs(c.Folder) {
		c.Folder = filepath.Join(folder, c.Folder)
	}
	if len(r.faults) == 0 {
		return c, nil
	}
	slices.SortStableFunc(r.faults, func(a, b located) int { return cmp.Compare(a.line, b.line) })
	e := &Error{}
	for _, f := range r.faults {
		e.Faults = append(e.Faults, f.Fault)
	}
	return nil, e
}

// Text is the resolved run file: every key with its value. Read of it gives an equal Run.
func (c *Run) Text() string {
	w := &writer{}
	c.visit(w)
	return "# The run as it was resolved: every default written out. `sampan resume` and `sampan verify` read this file.\n\n" + w.String()
}

// Fault is a fault of the value at key, found after reading. It names the line on which the key stands, or the table that
// should hold it.
func (c *Run) Fault(key, format string, args ...any) Fault {
	n := c.tree
	where := c.file
	for _, k := range strings.Split(key, ".") {
		k, _, _ = strings.Cut(k, "[")
		child := n.table[k]
		if child == nil {
			break
		}
		n, where = child, child.where(c.file)
	}
	return Fault{Where: where, Key: key, Problem: fmt.Sprintf(format, args...)}
}

// Problem is the error of that one fault.
func (c *Run) Problem(key, format string, args ...any) error {
	return &Error{Faults: []Fault{c.Fault(key, format, args...)}}
}

func fraction(x float64) bool { return x > 0 && x < 1 }

func atLeast0(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

// ForTarget is a run of the target use alone, with the "key=value" assignments in set applied to its configuration and
// paths relative to the working folder.
func ForTarget(use string, set []string) (*Run, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working folder: %w", err)
	}
	named := &node{line: commandLine, value: use}
	tree := &node{table: map[string]*node{"target": {table: map[string]*node{"use": named}}}}
	for _, s := range prefixed("target.config.", set) {
		if err := tree.set(s); err != nil {
			return nil, err
		}
	}
	return resolveTree("command line", folder, tree)
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}
