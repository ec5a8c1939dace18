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
	"github.com/sampan-mc/sampan/targets"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// pool is the worker processes of a plugin, with the same component made in each of them.
type pool struct {
	spec    *Spec
	options Options
	kind    pb.Kind
	create  *pb.CreateRequest
	env     []string

	about *pb.DescribeReply
	made  *pb.CreateReply // as the first process made it; every other is held to it
	rows  int

	// chosen completes the request once the component is known, first takes what the first process has made.
	chosen func(*pb.Component)
	first  func(*pb.CreateReply) error

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

// start starts the worker processes and makes the component in each of them. After an error nothing is left.
func (p *pool) start(ctx context.Context, spec *Spec, kind pb.Kind, config any, o Options) (err error) {
	p.spec, p.options, p.kind = spec, o.withDefaults(spec), kind
	p.queue, p.closing, p.failed = make(chan *job), make(chan struct{}), make(chan struct{})
	if p.create, err = createRequest(kind, config, o.Folder); err != nil {
		return fmt.Errorf("plugin %s: %w", spec.Name, err)
	}
	p.env = environment(spec, p.options)
	if p.house, err = newHousehold(); err != nil {
		return fmt.Errorf("plugin %s: %w", spec.Name, err)
	}
	for i := range p.options.Workers {
		p.workers = append(p.workers, &worker{pool: p, index: i})
	}
	if err := p.startAll(ctx); err != nil {
		_ = p.Close()
		return err
	}
	for _, w := range p.workers {
		p.running.Go(w.run)
	}
	return nil
}

func createRequest(kind pb.Kind, config any, folder string) (*pb.CreateRequest, error) {
	text, err := object(config)
	if err != nil {
		return nil, err
	}
	folder, err = filepath.Abs(folder)
	return &pb.CreateRequest{Kind: kind, ConfigJson: text, Folder: folder}, err
}

// object encodes a configuration, nil being an empty one.
func object(config any) ([]byte, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if string(text) == "null" {
		text = []byte("{}")
	}
	return text, nil
}

// startAll starts the first worker, learns from it what the component is, and then starts the others together.
func (p *pool) startAll(ctx context.Context) error {
	first := p.workers[0]
	if err := first.start(ctx); err != nil {
		return p.forUser(err)
	}
	if err := p.first(p.made); err != nil {
		return first.link.failed("create", err.Error())
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range p.workers[1:] {
		group.Go(func() error { return w.start(ctx) })
	}
	return p.forUser(group.Wait())
}

// component is the one to make: the plugin's only one of the kind, or the one that is named as the plugin.
func (p *pool) component() (*pb.Component, error) {
	var found []*pb.Component
	var names []string
	for _, c := range p.about.Components {
		if c.Kind == p.kind {
			if c.Name == p.spec.Name {
				return c, nil
			}
			found, names = append(found, c), append(names, c.Name)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("serves the %ss %q: exactly one, or one named %q, is wanted", kindName(p.kind), names, p.spec.Name)
	}
	return found[0], nil
}

// agree holds the component a process has made against the one the first process made.
func (p *pool) agree(made *pb.CreateReply) error {
	if !proto.Equal(made.Target, p.made.Target) || !proto.Equal(made.Transport, p.made.Transport) || !proto.Equal(made.Limits, p.made.Limits) ||
		fmt.Sprint(made.Caps) != fmt.Sprint(p.made.Caps) {
		kind := kindName(p.kind)
		return fmt.Errorf("describes its %s otherwise than the process before: the same configuration must give the same %s", kind, kind)
	}
	return nil
}

// forUser dresses the errors of attempts for those who called.
func (p *pool) forUser(err error) error {
	var l *lost
	var faults targets.ConfigErrors
	switch {
	case errors.As(err, &l):
		return l.forUser(p.spec.Name)
	case errors.As(err, &faults):
		return fmt.Errorf("plugin %s: configuration:\n%w", p.spec.Name, faults)
	}
	return err
}

// giveUp ends all work with err, for good.
func (p *pool) giveUp(err error) {
	p.failing.Do(func() {
		p.failure = err
		close(p.failed)
	})
}

// Close stops the workers, as gently as they allow, and waits until no process is left. Calls under way end first.
func (p *pool) Close() error {
	p.closed.Do(func() {
		close(p.closing)
		p.running.Wait()
		var stopping sync.WaitGroup
		for _, w := range p.workers {
			if w.link != nil {
				stopping.Go(w.link.close)
			}
		}
		stopping.Wait()
		p.closeE = p.house.close()
	})
	return p.closeE
}

// Rows is the number of points or particles in one request. It does not depend on the number of workers; a run that is to
// give the same bytes again must use the same.
func (p *pool) Rows() int { return p.rows }

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
func (p *pool) Facts() Facts {
	return Facts{
		Name: p.about.Name, Version: p.about.Version, SDK: p.about.Sdk, Source: p.spec.Source, Command: p.spec.Command,
		Workers: len(p.workers), Rows: p.rows,
		BatchDependent: p.made.Limits.GetBatchDependent(), NotReproducible: p.made.Limits.GetNotReproducible(),
	}
}

// Stats counts what a plugin has done so far.
type Stats struct {
	Calls uint64 // requests that were answered
	// Densities and Gradients are of the target; a transport's are those it made or asked for.
	Densities   uint64        // points whose log density was asked for, each once however often it was tried
	Gradients   uint64        // points whose gradient was asked for, likewise
	TargetTime  time.Duration // in the component's own code, summed over the workers
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
func (p *pool) Stats() Stats {
	c := &p.counts
	return Stats{
		Calls: c.calls.Load(), Densities: c.densities.Load(), Gradients: c.gradients.Load(),
		TargetTime: time.Duration(c.busy.Load()), WireTime: time.Duration(c.wire.Load()),
		Restarts: c.restarts.Load(), Retries: c.retries.Load(), Rejected: c.rejected.Load(),
		Numerical: c.numerical.Load(), BadGradient: c.badGradient.Load(),
	}
}
