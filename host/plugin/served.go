package plugin

import (
	"context"
	"fmt"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// served is a transport as the engine sees it; the others add what some can do beyond.
type (
	served         struct{ t *Transport }
	servesOwn      struct{ t *Transport }
	servesBackward struct{ t *Transport }
	servesCuts     struct{ t *Transport }
	servesLearner  struct{ t *Transport }
)

func (s served) Info() smc.TransportInfo { return s.t.now().info }
func (s served) Cuts() []smc.Cut         { return s.t.now().ends }
func (s served) Reference() smc.Reference {
	if r := s.t.now().reference; r != nil {
		return r // known here: no call is needed, and a learned one is not known before
	}
	if !s.t.can(pb.Cap_CAP_REFERENCE) {
		return nil
	}
	return ownReference(s)
}

func (s served) Segment(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	return s.t.run(ctx, &segment{t: s.t, k: k, key: key, in: in, out: out, ratio: logRatio, status: status})
}

func (s servesBackward) Backward(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	return s.t.run(ctx, &segment{t: s.t, k: k, backward: true, key: key, in: in, out: out, ratio: logRatio, status: status})
}

func (s servesOwn) OwnGradient() bool { return s.t.can(pb.Cap_CAP_OWN_GRAD) }
func (s servesOwn) OwnOfTarget() bool { return s.t.can(pb.Cap_CAP_OWN_OF_TARGET) }
func (s servesOwn) LogOwn(ctx context.Context, cut int, b *targets.Batch) error {
	ends := s.t.now().ends
	if cut < 1 || cut > len(ends) || ends[cut-1].Kind != smc.CutOwn {
		return fmt.Errorf("plugin %s: its own density at cut %d found; accepted: the cuts it declares its own", s.t.spec.Name, cut)
	}
	return s.t.density(ctx, cut, b)
}

func (s servesCuts) SetCuts(n int) error { return s.t.setCuts(n) }

func (s servesLearner) Train(ctx context.Context, order *smc.Training) (*smc.Learned, error) {
	return s.t.train(ctx, order)
}
func (s servesLearner) Save() ([]smc.File, error)   { return s.t.save() }
func (s servesLearner) Load(files []smc.File) error { return s.t.load(files) }

// Served is the transport as the engine sees it. It implements smc.OwnDensity, smc.Backward, smc.CutSetter and
// smc.Learner where the plugin can do that, and only there.
func (t *Transport) Served() smc.Transport {
	s, o, b, c, l := served{t}, servesOwn{t}, servesBackward{t}, servesCuts{t}, servesLearner{t}
	bit := func(cap pb.Cap, value int) int {
		if t.can(cap) {
			return value
		}
		return 0
	}
	const own, back, cuts, learns = 1, 2, 4, 8
	switch bit(pb.Cap_CAP_OWN_DENSITY, own) | bit(pb.Cap_CAP_BACKWARD, back) | bit(pb.Cap_CAP_SET_CUTS, cuts) | bit(pb.Cap_CAP_TRAIN, learns) {
	case own:
		return struct {
			served
			servesOwn
		}{s, o}
	case back:
		return struct {
			served
			servesBackward
		}{s, b}
	case own | back:
		return struct {
			served
			servesOwn
			servesBackward
		}{s, o, b}
	case cuts:
		return struct {
			served
			servesCuts
		}{s, c}
	case own | cuts:
		return struct {
			served
			servesOwn
			servesCuts
		}{s, o, c}
	case back | cuts:
		return struct {
			served
			servesBackward
			servesCuts
		}{s, b, c}
	case own | back | cuts:
		return struct {
			served
			servesOwn
			servesBackward
			servesCuts
		}{s, o, b, c}
	case learns:
		return struct {
			served
			servesLearner
		}{s, l}
	case own | learns:
		return struct {
			served
			servesOwn
			servesLearner
		}{s, o, l}
	case back | learns:
		return struct {
			served
			servesBackward
			servesLearner
		}{s, b, l}
	case own | back | learns:
		return struct {
			served
			servesOwn
			servesBackward
			servesLearner
		}{s, o, b, l}
	case cuts | learns:
		return struct {
			served
			servesCuts
			servesLearner
		}{s, c, l}
	case own | cuts | learns:
		return struct {
			served
			servesOwn
			servesCuts
			servesLearner
		}{s, o, c, l}
	case back | cuts | learns:
		return struct {
			served
			servesBackward
			servesCuts
			servesLearner
		}{s, b, c, l}
	case own | back | cuts | learns:
		return struct {
			served
			servesOwn
			servesBackward
			servesCuts
			servesLearner
		}{s, o, b, c, l}
	}
	return s
}

// density evaluates b by the reference, at cut 0, or the transport's own density at a cut. If that is made of the target's, and
// the target is not in the plugin, the plugin is told it.
func (t *Transport) density(ctx context.Context, cut int, b *targets.Batch) error {
	if b.D != t.info.Dim() {
		return fmt.Errorf("plugin %s: points of dimension %d found; accepted: %d", t.spec.Name, b.D, t.info.Dim())
	}
	return t.submit(ctx, b.N, func(lo, hi int) *job {
		view := &targets.Batch{}
		b.Rows(lo, hi, view)
		return &job{try: t.work(func(ctx context.Context, l *link) error {
			a := t.asking()
			var told *pb.EvalReply
			if cut > 0 && a.density != nil && t.can(pb.Cap_CAP_OWN_OF_TARGET) {
				m := &pb.EvalRequest{}
				wire.SetRequest(m, 0, 0, view)
				var err error
				if told, err = a.eval(ctx, opOwn, m); err != nil {
					return err
				}
			}
			began := time.Now()
			busy, err := l.density(ctx, t.options.Timeout, cut, view, told)
			if err == nil {
				t.counts.calls.Add(1)
				t.counts.busy.Add(int64(busy))
				t.counts.wire.Add(int64(time.Since(began) - busy))
				t.counts.densities.Add(uint64(a.used.Density))
				t.counts.gradients.Add(uint64(a.used.Gradient))
			}
			return err
		})}
	})
}

// ownReference is the reference a transport brings.
type ownReference struct{ t *Transport }

func (r ownReference) Info() targets.Info {
	return targets.Info{
		Name: r.t.now().info.Name + " reference", Params: targets.Reals("x", r.t.info.Dim()), Can: targets.LogP | targets.Grad,
		Normalised: true, Known: targets.Known{Source: "exact"},
	}
}

func (r ownReference) Eval(ctx context.Context, b *targets.Batch) error {
	if err := b.Check(r.Info()); err != nil {
		return err
	}
	return r.t.density(ctx, 0, b)
}

func (r ownReference) Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	t, d := r.t, r.t.info.Dim()
	if len(x) != n*d {
		return fmt.Errorf("plugin %s: %d draws of dimension %d need room for %d values, not %d", t.spec.Name, n, d, n*d, len(x))
	}
	return t.submit(ctx, n, func(lo, hi int) *job {
		return &job{try: t.work(func(ctx context.Context, l *link) error {
			return l.sample(ctx, l.moves.Sample, t.options.Timeout, false, key, first+lo, hi-lo, x[lo*d:hi*d])
		})}
	})
}
