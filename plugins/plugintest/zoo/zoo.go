// Package zoo holds plugins that go wrong, one fault each, for testing hosts and the conformance suite; and a few good
// ones to compare with. A test binary becomes any of them:
//
//	func TestMain(m *testing.M) {
//		zoo.Main() // returns unless the program was started as a plugin of the zoo
//		os.Exit(m.Run())
//	}
//
// and is started as one by the arguments that Args gives.
//
// All serve a standard normal of the dimension in their configuration, dim, by default 3. Some act only on points whose
// first coordinate exceeds trigger, by default 100.
package zoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// command is the first argument that makes a program an animal of the zoo.
const command = "sampan-zoo"

// Args are the arguments that start the animal of that name.
func Args(name string) []string { return []string{command, name} }

// Main becomes the animal the program's arguments name, and does not return then.
func Main() {
	if len(os.Args) < 3 || os.Args[1] != command {
		return
	}
	name := os.Args[2]
	animal, ok := animals[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "the zoo has no %q\n", name)
		os.Exit(2)
	}
	os.Args = os.Args[:1]
	animal(name)
	os.Exit(0)
}

// animals by name. The comment says what is wrong with each.
var animals = map[string]func(name string){
	"good":       serve(plain),             // nothing
	"batchy":     serve(batchy),            // a point's last bits depend on the size of the batch and the place in it
	"exiting":    exiting,                  // ends at start
	"silent":     silent,                   // never gets ready
	"greeting":   greeting,                 // prints a greeting where the handshake line belongs
	"futuristic": futuristic,               // speaks a protocol nobody knows
	"dying":      serve(onTrigger(die)),    // ends when it meets the trigger
	"hanging":    serve(onTrigger(hang)),   // hangs when it meets the trigger
	"panicking":  serve(onTrigger(panics)), // panics when it meets the trigger
	"raising":    serve(onTrigger(raises)), // returns an error when it meets the trigger
	"nan":        serve(nan),               // answers NaN when it meets the trigger
	"crashing":   serve(crashing),          // batchy, and ends at random calls
	"slow":       serve(slow),              // takes 50 ms a point
	"chatty":     serve(chatty),            // prints lines of 100 kB on standard output and error
	"parent":     parent,                   // has a child that holds its pipes and that only SIGKILL ends
	"fickle":     serve(fickle),            // describes its target otherwise in each process, and dies at the trigger
	"simple":     raw(nil),                 // nothing; written without the SDK: Describe, Create and Eval only
	"short":      raw(dropLast),            // answers one value too few
	"ragged":     raw(halfValue),           // answers no whole number of values
	"misplaced":  raw(otherSeq),            // answers a request that nobody sent
	"stubborn":   stubborn,                 // heeds neither Shutdown nor SIGTERM nor its host's end
}

// config of every animal.
type config struct {
	Dim     int     `json:"dim"`
	Trigger float64 `json:"trigger"`
	Marker  string  `json:"marker"` // a file whose presence disarms the fault, and which the fault makes
	Rows    int     `json:"rows"`   // that it prefers
}

func parse(raw json.RawMessage) (config, error) {
	c := config{Dim: 3, Trigger: 100}
	err := sdk.Decode(raw, &c)
	if err == nil && c.Dim < 1 {
		err = targets.ConfigErrors{{Path: "dim", Found: fmt.Sprint(c.Dim), Accepted: "a whole number from 1"}}
	}
	return c, err
}

// disarmed reports whether the fault has already shown itself; the first to ask finds it armed.
func (c config) disarmed() bool {
	if c.Marker == "" {
		return false
	}
	f, err := os.OpenFile(c.Marker, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

// serve makes an animal of a density.
func serve(newDensity func(config) targets.Density) func(string) {
	return func(name string) {
		sdk.Main(sdk.Target{Name: name, Version: "1.0.0", Summary: "of the zoo", New: func(raw json.RawMessage, _ string) (targets.Density, error) {
			c, err := parse(raw)
			if err != nil {
				return nil, err
			}
			return newDensity(c), nil
		}})
	}
}

// normal is the standard normal with draws, and derived quantities: the norm, and each coordinate squared.
type normal struct {
	config
	before func(b *targets.Batch) error // may go wrong
	after  func(b *targets.Batch)       // may spoil
}

func (t normal) Info() targets.Info {
	return targets.Info{
		Name: "zoo", Params: targets.Reals("x", t.Dim), Can: targets.LogP | targets.Grad, Normalised: true,
		Known: targets.Known{LogZ: 0, Source: "exact", Mean: make([]float64, t.Dim)},
	}
}

func (t normal) Eval(_ context.Context, b *targets.Batch) error {
	if err := b.Check(t.Info()); err != nil {
		return err
	}
	if t.before != nil {
		if err := t.before(b); err != nil {
			return err
		}
	}
	for i := range b.N {
		x := b.X[i*b.D : (i+1)*b.D]
		sum := 0.0
		for j, v := range x {
			sum += v * v
			if b.Want.Has(targets.Grad) {
				b.Grad[i*b.D+j] = -v
			}
		}
		if b.Want.Has(targets.LogP) {
			b.LogP[i] = -0.5*sum - 0.5*float64(b.D)*math.Log(2*math.Pi)
		}
	}
	if t.after != nil {
		t.after(b)
	}
	return nil
}

func (t normal) Sample(_ context.Context, first, n int, key rng.Key, x []float64) error {
	for i := range n {
		key.Normals(x[i*t.Dim:(i+1)*t.Dim], uint32(first+i), 0, 0)
	}
	return nil
}

func (t normal) Outputs() []targets.Param {
	return []targets.Param{{Name: "norm"}, {Name: "square", Shape: []int{t.Dim}}}
}

func (t normal) Derive(_ context.Context, n int, x, out []float64) error {
	for i := range n {
		sum := 0.0
		for j, v := range x[i*t.Dim : (i+1)*t.Dim] {
			out[i*(t.Dim+1)+1+j] = v * v
			sum += v * v
		}
		out[i*(t.Dim+1)] = math.Sqrt(sum)
	}
	return nil
}

func plain(c config) targets.Density { return normal{config: c} }

// batchy changes last bits by the size of the batch and the place in it, as sums split over vector lanes do.
func batchy(c config) targets.Density { return normal{config: c, after: changeLastBits} }

func changeLastBits(b *targets.Batch) {
	for i := range b.LogP {
		b.LogP[i] *= 1 + 0x1p-52*float64((b.N*31+i)%13)
	}
	for i := range b.Grad {
		b.Grad[i] *= 1 + 0x1p-52*float64((b.N*17+i)%11)
	}
}

// crashing draws when a process starts after how many calls it ends, from 1 to 10: never at the first.
func crashing(c config) targets.Density {
	left := 1 + rand.IntN(10)
	return normal{config: c, after: changeLastBits, before: func(*targets.Batch) error {
		if left--; left < 0 {
			return die()
		}
		return nil
	}}
}

func slow(c config) targets.Density {
	return normal{config: c, before: func(b *targets.Batch) error {
		time.Sleep(50 * time.Millisecond * time.Duration(b.N))
		return nil
	}}
}

func chatty(c config) targets.Density {
	return normal{config: c, before: func(*targets.Batch) error {
		line := strings.Repeat("noise ", 17_000)
		for range 20 {
			fmt.Println(line)
			fmt.Fprintln(os.Stderr, line)
		}
		fmt.Fprintln(os.Stderr, `{"@message": 5}`)
		return nil
	}}
}

// onTrigger makes a density that acts when a batch holds a point whose first coordinate exceeds the trigger.
func onTrigger(act func() error) func(config) targets.Density {
	return func(c config) targets.Density {
		return normal{config: c, before: func(b *targets.Batch) error {
			for i := range b.N {
				if b.X[i*b.D] > c.Trigger && !c.disarmed() {
					return act()
				}
			}
			return nil
		}}
	}
}

func die() error {
	fmt.Fprintln(os.Stderr, "the matrix is singular")
	os.Exit(3)
	return nil
}

func hang() error {
	time.Sleep(time.Hour)
	return nil
}

func panics() error { panic("index out of tune") }
func raises() error { return errors.New("no convergence after 100 steps") }

func nan(c config) targets.Density {
	return normal{config: c, after: func(b *targets.Batch) {
		for i := range b.LogP {
			if b.X[i*b.D] > c.Trigger {
				b.LogP[i] = math.NaN()
			}
		}
	}}
}

// fickle's description holds the number of its process.
func fickle(c config) targets.Density {
	t := onTrigger(die)(c)
	return targets.Describe(t, func(in *targets.Info) { in.Known.Source = fmt.Sprint("process ", os.Getpid()) })
}

func exiting(string) {
	fmt.Fprintln(os.Stderr, "cannot read the data file prices.csv")
	os.Exit(4)
}

func silent(string) { _ = hang() }

func greeting(name string) {
	fmt.Println("Welcome to Numerics 3.1!")
	serve(plain)(name)
}

func futuristic(string) {
	fmt.Println("1|9|unix|/nowhere|grpc|")
	_ = hang()
}

// parent has a child that holds its pipes and that only SIGKILL ends; the child's number goes to the log.
func parent(name string) {
	child := exec.Command("/bin/sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "child", child.Process.Pid)
	serve(onTrigger(die))(name)
}
