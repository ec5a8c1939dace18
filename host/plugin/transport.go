package plugin

import (
	"context"

	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"google.golang.org/protobuf/proto"
)

// TargetSource is the target that a transport is made for.
type TargetSource struct {
	// Density is the target on the unconstrained scale. It answers what the transport asks.
	Density targets.Density
	// Builtin, if not empty, is the name of the built-in target that Density is, with the Config and Folder it was made
	// from. A plugin that can makes it again in its own process, where evaluations cross no boundary; others ask.
	Builtin string
	Config  any
	Folder  string
}

// Transport is a transport served by the worker processes of a plugin. Calls that move or draw may come from several
// goroutines at once; training, loading and cutting elsewhere come alone.
type Transport struct {
	pool
	target targets.Density
	info   targets.Info // of the target
	caps   []pb.Cap
	asked  bool // the host evaluates the target
	// alive and stuck are how long a training may go without a sign of life, and without one of progress.
	alive, stuck time.Duration

	mu    sync.Mutex
	state state
}

// state is what a process is brought to after it has made the transport.
type state struct {
	version int        // counts changes
	files   []smc.File // that were loaded or learned; nil: none
	cuts    int        // segments that were asked for; 0: nobody asked
	message *pb.TransportInfo
	info    smc.TransportInfo
	ends    []smc.Cut

	reference smc.Reference // where the plugin says that it is a normal density
}

// OpenTransport starts the worker processes of a plugin and makes its transport for a target in each of them. config is
// the component's own configuration, as in Open. Faults of it are targets.ConfigErrors; a plugin that fails is an *Error.
func OpenTransport(ctx context.Context, spec *Spec, config any, target TargetSource, o Options) (*Transport, error) {
	t := &Transport{target: target.Density, info: target.Density.Info()}
	ref := &pb.TargetRef{Via: &pb.TargetRef_Ask{Ask: true}}
	ref.Info, ref.Caps = wire.FromDensity(target.Density)
	var builtin *pb.BuiltinTarget
	if target.Builtin != "" {
		text, err := object(target.Config)
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", target.Builtin, err)
		}
		folder, err := filepath.Abs(target.Folder)
		if err != nil {
			return nil, err
		}
		builtin = &pb.BuiltinTarget{Name: target.Builtin, ConfigJson: text, Folder: folder}
	}
	t.chosen = func(c *pb.Component) {
		if t.asked = builtin == nil || !slices.Contains(c.Caps, pb.Cap_CAP_BUILTIN_TARGETS); !t.asked {
			ref.Via = &pb.TargetRef_Builtin{Builtin: builtin}
		}
		t.create.Target = ref
	}
	t.first = func(made *pb.CreateReply) error {
		t.caps = made.Caps
		if err := t.state.describe(made.Transport, t.info.Dim()); err != nil {
			return err
		}
		width := t.info.Dim() + t.state.info.Aux
		t.rows = wire.Rows(width, t.options.Rows, int(made.Limits.GetPreferredRows()), int(made.Limits.GetMaxRows()))
		return nil
	}
	if err := t.start(ctx, spec, pb.Kind_KIND_TRANSPORT, config, o); err != nil {
		return nil, err
	}
	t.alive = max(t.options.Timeout, leastLife)
	t.stuck = stuckFactor * t.alive
	return t, nil
}

// describe takes in what the plugin says of the transport.
func (s *state) describe(m *pb.TransportInfo, d int) (err error) {
	s.message = m
	if s.info, s.ends, err = wire.ToTransport(m); err != nil {
		return err
	}
	s.reference, err = wire.ToReference(m.Reference, d)
	return err
}

func (t *Transport) can(c pb.Cap) bool { return slices.Contains(t.caps, c) }

// now is the state to bring a process to.
func (t *Transport) now() state {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// change makes next the state, for every process before its next work.
func (t *Transport) change(next state) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next.version = t.state.version + 1
	t.state = next
}

// dirty is the version of a process whose transport is in no state that could be told.
const dirty = -1

// bring brings the process behind l to the present state.
func (t *Transport) bring(ctx context.Context, l *link) (err error) {
	s := t.now()
	if l.version == s.version {
		return nil
	}
	made, timeout := t.made.Transport, t.options.CreateTimeout
	if l.version == dirty { // made anew
		old := l.handle
		fresh, err := l.create(ctx, t.create, timeout)
		if err == nil {
			made, err = fresh.Transport, l.release(ctx, old, timeout)
		}
		if err != nil {
			return err
		}
	}
	l.version = dirty
	if s.files != nil {
		if made, err = l.load(ctx, timeout, s.files); err != nil {
			return err
		}
	}
	if s.cuts > 0 {
		if made, err = l.setCuts(ctx, timeout, s.cuts); err != nil {
			return err
		}
	}
	if !proto.Equal(made, s.message) {
		return l.failed("load", "describes itself otherwise than the process before: the same artefact must give the same transport")
	}
	l.version = s.version
	return nil
}

// work is an attempt that begins with the present state.
func (t *Transport) work(try func(context.Context, *link) error) func(context.Context, *link) error {
	return func(ctx context.Context, l *link) error {
		if err := t.bring(ctx, l); err != nil {
			return err
		}
		return try(ctx, l)
	}
}

// alone has one process do a piece of work.
func (t *Transport) alone(ctx context.Context, try func(context.Context, *link) error) error {
	return t.submit(ctx, 1, func(int, int) *job { return &job{try: t.work(try)} })
}

// setCuts is smc.CutSetter's SetCuts.
func (t *Transport) setCuts(n int) error {
	if n < 1 {
		return fmt.Errorf("plugin %s: %d segments found; accepted: 1 or more", t.spec.Name, n)
	}
	next := t.now()
	next.cuts = n
	return t.become(next, "cut", func(ctx context.Context, l *link) (*pb.TransportInfo, error) {
		return l.setCuts(ctx, t.options.CreateTimeout, n)
	})
}

// load is smc.Learner's Load.
func (t *Transport) load(files []smc.File) error {
	next := t.now()
	next.files, next.cuts = files, 0
	if files == nil {
		next.files = []smc.File{}
	}
	return t.become(next, "load", func(ctx context.Context, l *link) (*pb.TransportInfo, error) {
		return l.load(ctx, t.options.CreateTimeout, files)
	})
}

// become has one process change to next, and takes that for the state of all if it can.
func (t *Transport) become(next state, op string, do func(context.Context, *link) (*pb.TransportInfo, error)) error {
	err := t.alone(context.Background(), func(ctx context.Context, l *link) error {
		l.version = dirty
		m, err := do(ctx, l)
		if err != nil {
			return err
		}
		if err := next.describe(m, t.info.Dim()); err != nil {
			return l.failed(op, err.Error())
		}
		l.version = next.version + 1
		return nil
	})
	if err == nil {
		t.change(next)
	}
	return err
}

// save is smc.Learner's Save.
func (t *Transport) save() (files []smc.File, err error) {
	if s := t.now(); s.files != nil {
		return s.files, nil // what was loaded or learned, to the byte
	}
	err = t.alone(context.Background(), func(ctx context.Context, l *link) (err error) {
		files, err = l.save(ctx, t.options.CreateTimeout)
		return err
	})
	return files, err
}
