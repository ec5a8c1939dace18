package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/plugins/diffusion/learn"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// sampanMain is the program, with room for files only up to SAMPAN_TEST_FILE_SIZE bytes if that is set, as on a disk that
// is nearly full.
func sampanMain() {
	if size := os.Getenv("SAMPAN_TEST_FILE_SIZE"); size != "" {
		n, err := strconv.ParseUint(size, 10, 64)
		signal.Ignore(syscall.SIGXFSZ)
		if err := errors.Join(err, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n})); err != nil {
			panic(err)
		}
	}
	os.Exit(Main(os.Args[1:], Std()))
}

// ragged is two wells whose last bits depend on the size of the batch, as those of BLAS do. It kills itself, or its
// host, at moments drawn from a seed.
type ragged struct{ fate }

// fate kills this process, or its host, at a call that was drawn from a seed.
type fate struct {
	calls, limit atomic.Int64
	victim       int
	signal       syscall.Signal
}

func (f *fate) call() {
	if limit := f.limit.Load(); limit > 0 && f.calls.Add(1) == limit {
		_ = syscall.Kill(f.victim, f.signal)
	}
}

func (r *ragged) Info() targets.Info {
	return targets.Info{Name: "ragged", Params: targets.Reals("x", 2), Can: targets.LogP | targets.Grad, Known: targets.Unknown()}
}

func (r *ragged) Eval(_ context.Context, b *targets.Batch) error {
	r.call()
	size := 1 + float64(b.N)*0x1p-52
	for i := range b.N {
		x := b.X[2*i : 2*i+2]
		well := x[0]*x[0] - 2
		b.LogP[i] = (-well*well - x[1]*x[1]/2) * size
		if b.Want.Has(targets.Grad) {
			b.Grad[2*i], b.Grad[2*i+1] = -4*well*x[0]*size, -x[1]*size
		}
	}
	b.Settle()
	return nil
}

// raggedMain serves ragged.
func raggedMain() {
	r := &ragged{}
	r.draw(120)
	sdk.Main(sdk.Target{Name: "ragged", Version: "1.0.0", Density: r, BatchDependent: true})
}

// draw draws the fate of a plugin's process. With RAGGED_LIVES=file, each process appends a byte to the file and, while
// that has fewer than RAGGED_DEATHS bytes, kills itself, or with RAGGED_VICTIM=host signals the host, at one of the first
// calls, which depends on RAGGED_SEED and the byte's place.
func (r *fate) draw(calls float64) {
	r.victim, r.signal = os.Getpid(), syscall.SIGKILL
	if path := os.Getenv("RAGGED_LIVES"); path != "" && len(os.Args) > 1 && os.Args[1] == "serve" {
		if os.Getenv("RAGGED_VICTIM") == "host" {
			r.victim = os.Getppid()
		}
		if os.Getenv("RAGGED_SIGNAL") == "TERM" {
			r.signal = syscall.SIGTERM
		}
		life := countLife(path)
		deaths, _ := strconv.Atoi(os.Getenv("RAGGED_DEATHS"))
		seed, _ := strconv.Atoi(os.Getenv("RAGGED_SEED"))
		if life < deaths {
			u := rng.NewKey(uint64(seed), "test/lives", 0).Uniform(uint32(life), 0, 0)
			r.limit.Store(2 + int64(u*calls))
		}
	}
}

// pupil is the annealed Langevin bridge that learns its step size by counting to it.
type pupil struct {
	smc.Transport
	*fate
	make  func(step float64) (smc.Transport, error)
	steps int
}

// pupilMain serves pupil, whose fate is that of ragged.
func pupilMain() {
	f := &fate{}
	f.draw(20)
	sdk.Main(sdk.Transport{Name: "pupil", Version: "1.0.0", Summary: "learns to count", New: func(env sdk.Env) (smc.Transport, error) {
		p := &pupil{fate: f, make: func(step float64) (smc.Transport, error) {
			env.Config = json.RawMessage(fmt.Sprintf(`{"method": "ula", "steps": 32, "segments": 4, "step": %v, "reference": {"scale": 1.5}}`, step))
			return method.New(env, diffusion.Methods())
		}}
		var err error
		p.Transport, err = p.make(0.01)
		return p, err
	}})
}

func (p *pupil) Segment(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	p.call()
	return p.Transport.Segment(ctx, k, in, out, logRatio, status, key)
}

func (p *pupil) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	p.steps = 0
	if t.Resume != nil {
		p.steps, _ = strconv.Atoi(string(t.Resume))
	}
	of := max(t.MaxSteps, 1)
	for p.steps < of {
		p.call()
		checkpoint, stop := t.Ask()
		if checkpoint || p.steps%10 == 0 {
			if err := t.Checkpoint([]byte(strconv.Itoa(p.steps))); err != nil {
				return nil, err
			}
		}
		if stop {
			return &smc.Learned{Steps: p.steps, StoppedEarly: true, Reason: "told to"}, ctx.Err()
		}
		p.steps++
		t.Report(smc.TrainReport{Phase: "count", Step: p.steps, Of: of, Loss: 1 / float64(p.steps)})
	}
	return &smc.Learned{Steps: p.steps}, nil
}

func (p *pupil) Save() ([]smc.File, error) {
	return []smc.File{{Name: "steps", Data: []byte(strconv.Itoa(p.steps))}}, nil
}

func (p *pupil) Load(files []smc.File) error {
	p.steps, _ = strconv.Atoi(string(files[0].Data))
	var err error
	p.Transport, err = p.make(0.001 * float64(p.steps))
	return err
}

// scholar is the plugin of diffusion samplers, which makes a checkpoint every ten steps, with the fate of ragged.
type scholar struct {
	*learn.Learner
	*fate
}

func scholarMain() {
	f := &fate{}
	f.draw(45)
	sdk.Main(sdk.Transport{Name: "scholar", Version: "1.0.0", Summary: "diffusion samplers", New: func(env sdk.Env) (smc.Transport, error) {
		t, err := method.New(env, diffusion.Methods())
		if err != nil {
			return nil, err
		}
		return &scholar{t.(*learn.Learner), f}, nil
	}})
}

func (s *scholar) Segment(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	s.call()
	return s.Learner.Segment(ctx, k, in, out, logRatio, status, key)
}

func (s *scholar) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	order, asked := *t, 0
	order.Ask = func() (checkpoint, stop bool) {
		s.call()
		asked++
		checkpoint, stop = t.Ask()
		return checkpoint || asked%10 == 0, stop
	}
	return s.Learner.Train(ctx, &order)
}

// countLife notes one more life in the file and returns how many there were before.
func countLife(path string) int {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte{'.'}); err != nil {
		panic(err)
	}
	at, err := f.Seek(0, 1)
	if err != nil {
		panic(err)
	}
	return int(at) - 1
}

// faultyMain serves a target with one fault, which its configuration names.
func faultyMain() {
	if len(os.Args) > 1 && os.Args[1] == "serve" && os.Getenv("FAULTY_START") == "exit" {
		fmt.Fprintln(os.Stderr, "faulty: cannot open the data of the experiment")
		os.Exit(7)
	}
	if len(os.Args) > 1 && os.Args[1] == "serve" && os.Getenv("FAULTY_START") == "interrupt" {
		_ = syscall.Kill(os.Getppid(), syscall.SIGINT)
		time.Sleep(time.Minute) // the host ends it before
	}
	sdk.Main(sdk.Target{
		Name: "faulty", Version: "0.0.1", Summary: "goes wrong in one way",
		New: func(config json.RawMessage, _ string) (targets.Density, error) {
			c := struct {
				Fault string `json:"fault"`
			}{}
			if err := sdk.Decode(config, &c); err != nil {
				return nil, err
			}
			switch c.Fault {
			case "nograd":
				return targets.FuncNoGrad("faulty", targets.Reals("x", 2), func(x []float64) float64 { return -x[0]*x[0] - x[1]*x[1] }), nil
			case "panic":
				return targets.Func("faulty", targets.Reals("x", 2), func([]float64, []float64) float64 { panic("the integral does not converge") }), nil
			case "exit":
				return targets.Func("faulty", targets.Reals("x", 2), func(x, _ []float64) float64 {
					if x[0] > 0 {
						fmt.Fprintln(os.Stderr, "faulty: out of range")
						os.Exit(9)
					}
					return 0
				}), nil
			case "undefined":
				return targets.Func("faulty", targets.Reals("x", 2), func(x, grad []float64) float64 {
					if grad != nil {
						grad[0], grad[1] = -x[0], -x[1]
					}
					if x[0] > 1 {
						return math.NaN()
					}
					return -(x[0]*x[0] + x[1]*x[1]) / 2
				}), nil
			}
			return nil, targets.ConfigErrors{{Path: "fault", Found: fmt.Sprintf("%q", c.Fault), Accepted: "nograd, panic, exit, undefined"}}
		},
	})
}

// jsonCmd compares a value in the JSON of the last standard output, `json PATH WANT`; PATH is keys with dots between.
func jsonCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, key := range strings.Split(args[0], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(at) {
				ts.Fatalf("no %s in an array of %d", key, len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("nothing at %s", key)
		}
	}
	text, err := json.Marshal(v)
	ts.Check(err)
	if (string(text) == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s", args[0], text, args[1])
	}
}
