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

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/sampan-mc/sampan/plugins/sdk"
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
type ragged struct {
	calls, limit atomic.Int64
	victim       int
	signal       syscall.Signal
}

func (r *ragged) Info() targets.Info {
	return targets.Info{Name: "ragged", Params: targets.Reals("x", 2), Can: targets.LogP | targets.Grad, Known: targets.Unknown()}
}

func (r *ragged) Eval(_ context.Context, b *targets.Batch) error {
	if limit := r.limit.Load(); limit > 0 && r.calls.Add(1) == limit {
		_ = syscall.Kill(r.victim, r.signal)
	}
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

// raggedMain serves ragged. With RAGGED_LIVES=file, each process appends a byte to the file and, while that has fewer than
// RAGGED_DEATHS bytes, kills itself, or with RAGGED_VICTIM=host signals the host, after a number of calls that depends on
// RAGGED_SEED and the byte's place.
func raggedMain() {
	r := &ragged{victim: os.Getpid(), signal: syscall.SIGKILL}
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
			r.limit.Store(2 + int64(u*120))
		}
	}
	sdk.Main(sdk.Target{Name: "ragged", Version: "1.0.0", Density: r, BatchDependent: true})
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
