// Package plugin runs components that live in processes of their own: it finds them, starts them, talks to them, and
// keeps going when they die.
//
//	spec, err := plugin.Find("./banana.py", options)
//	target, err := plugin.Open(ctx, spec, config, options)
//	defer target.Close()
//	density := target.Density() // a targets.Density: the algorithm cannot tell
//
// Behind a Target stand one or more worker processes of the same plugin. Batches are cut into chunks of a fixed number
// of points, whatever the number of workers, and results are placed by index, so the bytes are the same for any number of
// workers, and after any crash. A worker that dies is started again and its chunk is sent once more; a chunk that kills
// again is halved down to the point that kills. A worker that does not answer in time is killed. When the host ends, in
// whatever way, no process of a plugin outlives it, nor does a socket.
//
// The wire is gRPC over a unix socket behind go-plugin's handshake (docs/protocol.md), with a process runner of our own
// (docs/adr/0002-plugin-processes.md). Neither shows in this package's exported names.
package plugin

import (
	"time"
)

// Options say how plugins are found and run. The zero value is usable: one process, one thread, the deadlines below.
type Options struct {
	Folder string   // where relative paths start, in `use` and in the component's configuration; empty: the working directory
	Dirs   []string // searched for names before all other places
	Python string   // interpreter; empty: SAMPAN_PYTHON, else python3 or python on PATH
	Self   string   // program that answers `plugin serve NAME`; empty: this one

	Workers int               // processes; 0: as the plugin's manifest says, else 1
	Rows    int               // points in one request; 0: as the plugin prefers, else by the dimension
	Threads int               // of the numerical libraries in one process; 0: 1
	Env     map[string]string // variables set for the plugin
	PassEnv []string          // variables passed on from this process, besides the usual ones

	StartTimeout    time.Duration // from start to readiness; 0: 60 s for Python, else 10 s
	DescribeTimeout time.Duration // 0: 10 s
	CreateTimeout   time.Duration // making the component; 0: 60 s
	Timeout         time.Duration // one request; 0: 60 s

	OnBadPoint Policy
	// SaveBadPoint keeps a point that kills the plugin and says where, for the message to the user; "" if nowhere. May be nil.
	SaveBadPoint func(BadPoint) (path string, err error)

	// Event and Log hear what goes on. They are called from several goroutines at once and must not block. May be nil.
	Event func(Event)
	Log   func(LogLine)
}

// Policy says what happens when a point kills the plugin by itself.
type Policy string

// The policies: fail, or go on as if the density were zero there, with the status NotEvaluated.
const (
	Stop   Policy = "stop"
	Reject Policy = "reject"
)

// BadPoint is a point that killed two processes, the second time on its own, with what is needed to send it again.
type BadPoint struct {
	Plugin  string    `json:"plugin"`
	Source  string    `json:"source"`
	Command []string  `json:"command"`
	Config  string    `json:"config"` // JSON
	Folder  string    `json:"folder"`
	Want    string    `json:"want"`
	Row     int       `json:"row"` // in the batch
	X       []float64 `json:"x"`   // on the scale the target declares
	V       []float64 `json:"v,omitempty"`
	Reason  string    `json:"reason"`
	Stderr  string    `json:"stderr"`
}

// EventKind names what happened.
type EventKind string

// The events. Died tells of hung workers too, which are killed. Numerical is told once a target: the first point whose
// log density was NaN or +Inf.
const (
	Started   EventKind = "plugin_started"
	Died      EventKind = "plugin_died"
	Restarted EventKind = "plugin_restarted"
	Retried   EventKind = "chunk_retried"
	Halving   EventKind = "chunk_halving"
	Poison    EventKind = "poison_point"
	Numerical EventKind = "numerical_point"
)

// Event is something that happened to a plugin. Events are no part of a run's digest.
type Event struct {
	Kind   EventKind
	Plugin string
	Worker int
	PID    int
	Text   string // for people
}

// LogLine is one line that a plugin printed.
type LogLine struct {
	Plugin string
	Worker int
	Level  string // trace, debug, info, warn or error
	Text   string
}

// withDefaults fills in what the plugin leaves open.
func (o Options) withDefaults(s *Spec) Options {
	pick := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	start := 10 * time.Second
	if s.Python {
		start = time.Minute
	}
	pick(&o.StartTimeout, start)
	pick(&o.DescribeTimeout, 10*time.Second)
	pick(&o.CreateTimeout, time.Minute)
	pick(&o.Timeout, time.Minute)
	if o.Workers <= 0 {
		o.Workers = max(s.Workers, 1)
	}
	if o.Threads <= 0 {
		o.Threads = 1
	}
	if o.OnBadPoint == "" {
		o.OnBadPoint = Stop
	}
	if o.Event == nil {
		o.Event = func(Event) {}
	}
	if o.Log == nil {
		o.Log = func(LogLine) {}
	}
	return o
}
