package zoo

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// movers are the transports of the zoo. All move particles by
//
//	F(y | x) = N(x + ½ tanh(∇ log γ₁(x) + shift), ¼),   B(x | y) = N(y − ½ tanh(y), ¼)
//
// where shift is learned by those that learn. They evaluate the target at the first half of the points apart from the
// second, at the same time.
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
	"owner":   func(c moverConfig, f targets.Density) smc.Transport { return &owner{mover: newMover(c, f)} }, // nothing; has its own density, reference and momenta
	"halver":  func(c moverConfig, f targets.Density) smc.Transport { return &owner{newMover(c, f), true} },  // nothing; its own density is the root of the target's
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
