package zoo

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// movers are the transports of the zoo. All move particles by
//
//	F(y | x) = N(x + ½ tanh(∇ log γ₁(x) + shift), ¼),   B(x | y) = N(y − ½ tanh(y), ¼)
//
// where shift is learned by those that learn. In has the gradient evaluated at its first n/2 points apart from the others,
// in two goroutines: asking the target is safe at the same time.
var movers = map[string]func(moverConfig, targets.Density) smc.Transport{
	"mover":    func(c moverConfig, f targets.Density) smc.Transport { return newMover(c, f) },
	"ender":    faulty(func(*smc.Particles) error { return die() }),    // ends when it meets the trigger, having asked for the target
	"hanger":   faulty(func(*smc.Particles) error { return hang() }),   // hangs when it meets the trigger
	"panicker": faulty(func(*smc.Particles) error { return panics() }), // panics when it meets the trigger
	"guesser": func(c moverConfig, f targets.Density) smc.Transport { // its log ratio is NaN for points beyond the trigger, and one end is infinite
		m := newMover(c, f)
		m.after = func(in, out *smc.Particles, ratio []float64) {
			for i := range ratio {
				if in.X[i*in.D] > c.Trigger {
					ratio[i] = math.NaN()
				}
				if in.X[i*in.D] > 2*c.Trigger {
					ratio[i], out.X[i*in.D] = 0, math.Inf(1)
				}
			}
		}
		return m
	},
	"stranger": func(c moverConfig, f targets.Density) smc.Transport { // asks for the target at points of another dimension
		m := newMover(c, f)
		m.before = func(ctx context.Context, _ *smc.Particles) error {
			return f.Eval(ctx, targets.NewBatch(2, f.Info().Dim()+1, targets.LogP))
		}
		return m
	},
	"owner":   func(c moverConfig, f targets.Density) smc.Transport { return &owner{newMover(c, f)} }, // nothing; has its own density, reference and momenta
	"learner": func(c moverConfig, f targets.Density) smc.Transport { return &learner{mover: newMover(c, f)} },
	"dunce": func(c moverConfig, f targets.Density) smc.Transport { // ends in training, after a checkpoint
		return &learner{mover: newMover(c, f), fault: die}
	},
	"dreamer": func(c moverConfig, f targets.Density) smc.Transport { // stops learning, after a checkpoint
		return &learner{mover: newMover(c, f), fault: hang}
	},
	"forgetter": func(c moverConfig, f targets.Density) smc.Transport { // forgets the key of the random numbers in its checkpoints
		return &learner{mover: newMover(c, f), fault: die, forgets: true}
	},
}

func init() {
	for name, newTransport := range movers {
		animals[name] = func(string) {
			sdk.Main(sdk.Transport{Name: name, Version: "1.0.0", Summary: "of the zoo", New: func(env sdk.Env) (smc.Transport, error) {
				c, err := parseMover(env.Config)
				if err != nil {
					return nil, err
				}
				return newTransport(c, env.Target), nil
			}})
		}
	}
}

// NewMover is a transport of the zoo in this process.
func NewMover(name string, target targets.Density, raw json.RawMessage) (smc.Transport, error) {
	c, err := parseMover(raw)
	if err != nil {
		return nil, err
	}
	return movers[name](c, target), nil
}

// moverConfig of every mover.
type moverConfig struct {
	Segments int     `json:"segments"`
	Trigger  float64 `json:"trigger"`
	Marker   string  `json:"marker"` // as in config
}

func parseMover(raw json.RawMessage) (moverConfig, error) {
	c := moverConfig{Segments: 2, Trigger: 100}
	err := sdk.Decode(raw, &c)
	if err == nil && c.Segments < 1 {
		err = targets.ConfigErrors{{Path: "segments", Found: fmt.Sprint(c.Segments), Accepted: "a whole number from 1"}}
	}
	return c, err
}

func (c moverConfig) disarmed() bool { return config{Marker: c.Marker}.disarmed() }

// mover moves particles; see movers.
type mover struct {
	config moverConfig
	target targets.Density
	shift  []float64
	before func(context.Context, *smc.Particles) error   // may go wrong
	after  func(in, out *smc.Particles, ratio []float64) // may spoil
}

func newMover(c moverConfig, f targets.Density) *mover {
	return &mover{config: c, target: f, shift: make([]float64, f.Info().Dim())}
}

// faulty makes a mover that acts when it meets a particle beyond the trigger.
func faulty(act func(*smc.Particles) error) func(moverConfig, targets.Density) smc.Transport {
	return func(c moverConfig, f targets.Density) smc.Transport {
		m := newMover(c, f)
		m.before = func(ctx context.Context, in *smc.Particles) error {
			for i := range in.N {
				if in.X[i*in.D] <= c.Trigger || c.disarmed() {
					continue
				}
				if err := f.Eval(ctx, targets.NewBatch(1, in.D, targets.LogP)); err != nil {
					return err
				}
				return act(in)
			}
			return nil
		}
		return m
	}
}

func (m *mover) Info() smc.TransportInfo  { return smc.TransportInfo{Name: "mover", Exact: true} }
func (m *mover) Reference() smc.Reference { return nil }
func (m *mover) Cuts() []smc.Cut {
	cuts := make([]smc.Cut, m.config.Segments)
	for k := range cuts {
		cuts[k] = smc.Cut{Kind: smc.CutBeta, Beta: float64(k+1) / float64(len(cuts))}
	}
	return cuts
}

func (m *mover) SetCuts(n int) error {
	m.config.Segments = min(n, 100)
	return nil
}

func (m *mover) Segment(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	if m.before != nil {
		if err := m.before(ctx, in); err != nil {
			return err
		}
	}
	b := targets.NewBatch(in.N, in.D, targets.LogP|targets.Grad)
	copy(b.X, in.X)
	if err := evalHalves(ctx, m.target, b); err != nil {
		return err
	}
	d := in.D
	for i := range in.N {
		noise := out.X[i*d : (i+1)*d]
		key.Normals(noise, uint32(in.First+i), uint32(k), 0)
		r := 0.0
		for j, z := range noise {
			x := in.X[i*d+j]
			y := x + 0.5*math.Tanh(b.Grad[i*d+j]+m.shift[j]) + 0.5*z
			back := (x - y + 0.5*math.Tanh(y)) / 0.5
			r += (z*z - back*back) / 2
			out.X[i*d+j] = y
		}
		ratio[i], status[i] = r*(1+0x1p-52*float64((in.N*31+i)%13)), targets.OK // a vector lane's last bits
	}
	if m.after != nil {
		m.after(in, out, ratio)
	}
	return nil
}

// evalHalves evaluates the halves of b at the same time.
func evalHalves(ctx context.Context, f targets.Density, b *targets.Batch) error {
	var upper, lower targets.Batch
	b.Rows(0, b.N/2, &upper)
	b.Rows(b.N/2, b.N, &lower)
	first := make(chan error)
	go func() { first <- f.Eval(ctx, &upper) }()
	second := f.Eval(ctx, &lower)
	if err := <-first; err != nil {
		return err
	}
	return second
}

// owner has a reference of its own, its own density at every cut but the last, and momenta that it draws anew; it moves
// nothing else.
type owner struct{ *mover }

func (o *owner) Info() smc.TransportInfo {
	return smc.TransportInfo{Name: "owner", Exact: true, Aux: 2, Order: 0}
}

func (o *owner) Reference() smc.Reference {
	r, err := smc.NewNormal(o.target.Info().Dim(), []float64{0.5}, []float64{2})
	if err != nil {
		panic(err)
	}
	return r
}

func (o *owner) Cuts() []smc.Cut {
	cuts := make([]smc.Cut, o.config.Segments)
	for k := range cuts {
		cuts[k] = smc.Cut{Kind: smc.CutOwn}
	}
	cuts[len(cuts)-1] = smc.Cut{Kind: smc.CutBeta, Beta: 1}
	return cuts
}

func (o *owner) OwnGradient() bool { return true }
func (o *owner) LogOwn(_ context.Context, cut int, b *targets.Batch) error {
	return normal{config: config{Dim: b.D}, after: func(b *targets.Batch) {
		for i := range b.LogP {
			b.LogP[i] += float64(cut)
		}
	}}.Eval(context.Background(), b)
}

func (o *owner) move(ctx context.Context, end int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	copy(out.X, in.X)
	for i := range in.N {
		key.Normals(out.Aux[2*i:2*i+2], uint32(in.First+i), uint32(end), 1)
		ratio[i], status[i] = 0, targets.OK
		for j := range 2 {
			ratio[i] += (out.Aux[2*i+j]*out.Aux[2*i+j] - in.Aux[2*i+j]*in.Aux[2*i+j]) / 2
		}
	}
	if out.LogOwn == nil {
		return nil
	}
	b := targets.NewBatch(in.N, in.D, targets.LogP)
	copy(b.X, out.X)
	err := o.LogOwn(ctx, end, b)
	copy(out.LogOwn, b.LogP)
	return err
}

func (o *owner) Segment(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	return o.move(ctx, k, in, out, ratio, status, key)
}

func (o *owner) Backward(ctx context.Context, k int, in, out *smc.Particles, ratio []float64, status []targets.Status, key rng.Key) error {
	return o.move(ctx, k-1, in, out, ratio, status, key)
}

// learner learns the shift: the average of the target's gradient at random points around the mean of the pilot's last
// level.
type learner struct {
	*mover
	fault   func() error // shows itself once, after the first checkpoint
	forgets bool
}

// lesson is where a training stands, and the artefact.
type lesson struct {
	Step  int
	Key   uint64
	Shift []float64
}

func (l *learner) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	at := lesson{Key: t.Key.Uint64(), Shift: make([]float64, len(l.shift))}
	if t.Resume != nil {
		if err := json.Unmarshal(t.Resume, &at); err != nil {
			return nil, err
		}
	}
	d, steps := len(l.shift), t.MaxSteps
	if steps == 0 {
		steps = 200
	}
	centre := make([]float64, d)
	if k := len(t.Pilot); k > 0 {
		last := t.Pilot[k-1]
		for i, x := range last.X {
			centre[i%d] += x / float64(last.N)
		}
	}
	b := targets.NewBatch(4, d, targets.LogP|targets.Grad)
	out := &smc.Learned{}
	saved := t.Resume != nil
	for ; at.Step < steps; at.Step++ {
		checkpoint, stop := false, false
		if t.Ask != nil {
			checkpoint, stop = t.Ask()
		}
		for l.fault != nil && !saved && !checkpoint && at.Step == steps/2 { // it shows itself after a checkpoint
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			time.Sleep(time.Millisecond)
			checkpoint, stop = t.Ask()
		}
		if checkpoint {
			saved = true
			copyOf := at
			if l.forgets {
				copyOf.Key = 0
			}
			state, err := json.Marshal(copyOf)
			if err != nil {
				return nil, err
			}
			if err := t.Checkpoint(state); err != nil {
				return nil, err
			}
		}
		if stop {
			out.StoppedEarly, out.Reason = true, "asked to"
			break
		}
		if l.fault != nil && saved && at.Step == steps/2+1 && !l.config.disarmed() {
			fmt.Fprintln(os.Stderr, "the loss is gone")
			return nil, l.fault()
		}
		for i := range b.N {
			x := b.X[i*d : (i+1)*d]
			rng.KeyFromUint64(at.Key).Normals(x, uint32(i), uint32(at.Step), 0)
			for j := range x {
				x[j] += centre[j]
			}
		}
		if err := evalHalves(ctx, l.target, b); err != nil {
			return nil, err
		}
		for i, g := range b.Grad {
			at.Shift[i%d] += (g - at.Shift[i%d]) / float64(4*at.Step+i/d+1)
		}
		if t.Report != nil {
			t.Report(smc.TrainReport{Phase: "match", Step: at.Step + 1, Of: steps, Loss: b.LogP[0], Metrics: map[string]float64{"ess": 0.5}})
		}
	}
	copy(l.shift, at.Shift)
	out.Steps, out.Used.Gradient = at.Step, int64(4*at.Step)
	out.Warnings = []string{"it is only a toy"}
	return out, nil
}

func (l *learner) Save() ([]smc.File, error) {
	text, err := json.Marshal(lesson{Shift: l.shift})
	return []smc.File{{Name: "shift.json", Data: text}, {Name: "empty.txt"}}, err
}

func (l *learner) Load(files []smc.File) error {
	if len(files) != 2 || files[0].Name != "shift.json" {
		return fmt.Errorf("%d files found; accepted: shift.json and empty.txt", len(files))
	}
	var at lesson
	if err := json.Unmarshal(files[0].Data, &at); err != nil {
		return err
	}
	copy(l.shift, at.Shift)
	return nil
}
