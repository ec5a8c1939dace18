package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// Target is a density served by the worker processes of a plugin. It is safe for concurrent use: calls from several
// islands share the workers.
type Target struct {
	spec    *Spec
	options Options
	create  *pb.CreateRequest
	env     []string

	about     *pb.DescribeReply
	made      *pb.CreateReply // as the first process made it; every other is held to it
	info      targets.Info
	abilities wire.Abilities
	rows      int

	house   *household
	workers []*worker
	queue   chan *job
	counts  counters

	closing chan struct{}
	closed  sync.Once
	closeE  error
	running sync.WaitGroup

	failing sync.Once
	failed  chan struct{} // closed when the plugin has been given up
	failure error

	toldNumerical atomic.Bool
}

// Open starts the worker processes of a plugin and makes its target in each of them. config is the component's own
// configuration: anything that encodes to a JSON object, nil for none. Faults of it are targets.ConfigErrors; a plugin
// that fails is an *Error.
func Open(ctx context.Context, spec *Spec, config any, o Options) (*Target, error) {
	t := &Target{
		spec: spec, options: o.withDefaults(spec),
		queue: make(chan *job), closing: make(chan struct{}), failed: make(chan struct{}),
	}
	var err error
	if t.create, err = createRequest(config, o.Folder); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", spec.Name, err)
	}
	t.env = environment(spec, t.options)
	if t.house, err = newHousehold(); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", spec.Name, err)
	}
	for i := range t.options.Workers {
		t.workers = append(t.workers, &worker{target: t, index: i})
	}
	if err := t.startAll(ctx); err != nil {
		_ = t.Close()
		return nil, err
	}
	for _, w := range t.workers {
		t.running.Go(w.run)
	}
	return t, nil
}

func createRequest(config any, folder string) (*pb.CreateRequest, error) {
	text := []byte("{}")
	if config != nil {
		var err error
		if text, err = json.Marshal(config); err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		if string(text) == "null" {
			text = []byte("{}")
		}
	}
	folder, err := filepath.Abs(folder)
	return &pb.CreateRequest{Kind: pb.Kind_KIND_TARGET, ConfigJson: text, Folder: folder}, err
}

// startAll starts the first worker, learns from it what the target is, and then starts the others together.
func (t *Target) startAll(ctx context.Context) error {
	first := t.workers[0]
	if err := first.start(ctx); err != nil {
		return t.forUser(err)
	}
	var err error
	if t.info, t.abilities, err = wire.ToInfo(t.made.Target, t.made.Caps); err != nil {
		return first.link.failed("create", err.Error())
	}
	limits := t.made.Limits
	t.rows = wire.Rows(t.info.Dim(), t.options.Rows, int(limits.GetPreferredRows()), int(limits.GetMaxRows()))
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range t.workers[1:] {
		group.Go(func() error { return w.start(ctx) })
	}
	return t.forUser(group.Wait())
}

// component is the name of the target to make: the plugin's only one, or the one that is named as the plugin.
func (t *Target) component() (string, error) {
	var names []string
	for _, c := range t.about.Components {
		if c.Kind == pb.Kind_KIND_TARGET {
			if c.Name == t.spec.Name {
				return c.Name, nil
			}
			names = append(names, c.Name)
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("serves the targets %q: exactly one, or one named %q, is wanted", names, t.spec.Name)
	}
	return names[0], nil
}

// agree holds the target a process has made against the one the first process made.
func (t *Target) agree(made *pb.CreateReply) error {
	if !proto.Equal(made.Target, t.made.Target) || !proto.Equal(made.Limits, t.made.Limits) || fmt.Sprint(made.Caps) != fmt.Sprint(t.made.Caps) {
		return errors.New("describes its target otherwise than the process before: the same configuration must give the same target")
	}
	return nil
}

// forUser dresses the errors of attempts for those who called.
func (t *Target) forUser(err error) error {
	var l *lost
	var faults targets.ConfigErrors
	switch {
	case errors.As(err, &l):
		return l.forUser(t.spec.Name)
	case errors.As(err, &faults):
		return fmt.Errorf("plugin %s: configuration:\n%w", t.spec.Name, faults)
	}
	return err
}

// giveUp ends all work with err, for good.
func (t *Target) giveUp(err error) {
	t.failing.Do(func() {
		t.failure = err
		close(t.failed)
	})
}

// Close stops the workers, as gently as they allow, and waits until no process is left. Calls under way end first.
func (t *Target) Close() error {
	t.closed.Do(func() {
		close(t.closing)
		t.running.Wait()
		var stopping sync.WaitGroup
		for _, w := range t.workers {
			if w.link != nil {
				stopping.Go(w.link.close)
			}
		}
		stopping.Wait()
		t.closeE = t.house.close()
	})
	return t.closeE
}

// Density is the target as the algorithms see it. It implements targets.Sampler, targets.PriorSampler and
// targets.Outputs where the plugin can do that, and only there.
func (t *Target) Density() targets.Density { return t.density() }

// Rows is the number of points in one request. It does not depend on the number of workers; a run that is to give the
// same bytes again must use the same.
func (t *Target) Rows() int { return t.rows }

// Facts is what is known about an open plugin.
type Facts struct {
	Name, Version, SDK string
	Source             string
	Command            []string
	Workers            int
	Rows               int
	BatchDependent     bool // a point's last bits may depend on the batch it is in
	NotReproducible    bool // the same call may give other bytes: so may the run
}

// Facts tells what is known about the plugin.
func (t *Target) Facts() Facts {
	return Facts{
		Name: t.about.Name, Version: t.about.Version, SDK: t.about.Sdk, Source: t.spec.Source, Command: t.spec.Command,
		Workers: len(t.workers), Rows: t.rows,
		BatchDependent: t.made.Limits.GetBatchDependent(), NotReproducible: t.made.Limits.GetNotReproducible(),
	}
}

// Stats counts what a target has done so far.
type Stats struct {
	Calls       uint64        // requests that were answered
	Densities   uint64        // points whose log density was asked for, each once however often it was tried
	Gradients   uint64        // points whose gradient was asked for, likewise
	TargetTime  time.Duration // in the target's own code, summed over the workers
	WireTime    time.Duration // in requests beyond that, likewise
	Restarts    uint64
	Retries     uint64 // chunks that were sent again
	Rejected    uint64 // points given up because they kill the plugin
	Numerical   uint64 // points whose log density was NaN or +Inf
	BadGradient uint64 // points whose gradient was not finite
}

type counters struct {
	calls, densities, gradients, restarts, retries, rejected, numerical, badGradient atomic.Uint64
	busy, wire                                                                       atomic.Int64
}

// Stats returns the counts so far. Safe to call at any time.
func (t *Target) Stats() Stats {
	c := &t.counts
	return Stats{
		Calls: c.calls.Load(), Densities: c.densities.Load(), Gradients: c.gradients.Load(),
		TargetTime: time.Duration(c.busy.Load()), WireTime: time.Duration(c.wire.Load()),
		Restarts: c.restarts.Load(), Retries: c.retries.Load(), Rejected: c.rejected.Load(),
		Numerical: c.numerical.Load(), BadGradient: c.badGradient.Load(),
	}
}
