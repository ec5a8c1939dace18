package bench

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/sampan-mc/sampan/vec"
)

// A meter times work in turns with the loop of multiply-adds.
type meter struct {
	ctx    context.Context
	rounds int                    // of each measurement
	budget time.Duration          // of processor time; once it is spent, fewest rounds are enough
	shown  func(fraction float64) // hears how far the measurement is
	rates  map[dtype][]float64    // of the loop, in operations a nanosecond, all of them
}

const (
	fewest = 3
	slice  = 4 * time.Millisecond // the least that is timed at once
)

// reading is the medians for one piece of work, in nanoseconds. ops is the operations that the loop would have done in the
// processor time.
type reading struct {
	cpu, wall, ops float64
	rounds         int
	walls          []float64 // of each round
}

// work is something to time, and how many processors it may have: what is parallel in it beside its own workers, a
// factorisation or the collector, must not have more.
type work struct {
	workers int
	run     func()
}

// yardstick is the clocks that work is timed with, and the loop that it is held against.
type yardstick struct {
	cpu, wall func() time.Duration
	spin      func() float64 // runs the loop for a slice of time and returns its operations
}

// timed measures work that computes with T.
func timed[T vec.Float](m *meter, cpu func() time.Duration, works ...work) ([]reading, error) {
	began := time.Now()
	loop := func() float64 { return vec.MultiplyAdds[T](1 << 13) }
	n := calibrate(cpu, func() { loop() })
	y := yardstick{cpu, func() time.Duration { return time.Since(began) }, func() (ops float64) {
		for range n {
			ops += loop()
		}
		return ops
	}}
	out, rates, err := m.measure(y, works...)
	m.rates[dtypeOf[T]()] = append(m.rates[dtypeOf[T]()], rates...)
	return out, err
}

// calibrate is how often f fills a slice. f has run at least once then, and is warm.
func calibrate(cpu func() time.Duration, f func()) int {
	for n := 1; ; n *= 2 {
		t := cpu()
		for range n {
			f()
		}
		if cpu()-t >= slice {
			return n
		}
	}
}

// measure times each work once a round, with the loop before and after it, and returns the loop's rates too.
func (m *meter) measure(y yardstick, works ...work) ([]reading, []float64, error) {
	repeat := make([]int, len(works))
	for i, w := range works {
		runtime.GOMAXPROCS(w.workers)
		repeat[i] = calibrate(y.cpu, w.run)
	}
	var rates []float64
	rate := func() float64 {
		t := y.cpu()
		ops := y.spin()
		r := ops / float64(y.cpu()-t)
		rates = append(rates, r)
		return r
	}
	cpu, wall, ops := make([][]float64, len(works)), make([][]float64, len(works)), make([][]float64, len(works))
	start, round := y.cpu(), 0
	for ; round < m.rounds && (round < fewest || y.cpu()-start < m.budget); round++ {
		before := rate()
		for i, work := range works {
			if err := m.ctx.Err(); err != nil {
				return nil, nil, err
			}
			runtime.GOMAXPROCS(work.workers)
			c, t := y.cpu(), y.wall()
			for range repeat[i] {
				work.run()
			}
			each, passed := float64(y.cpu()-c)/float64(repeat[i]), float64(y.wall()-t)/float64(repeat[i])
			after := rate()
			cpu[i], wall[i] = append(cpu[i], each), append(wall[i], passed)
			ops[i] = append(ops[i], each*(before+after)/2)
			before = after
		}
		m.shown(float64(round+1) / float64(m.rounds))
	}
	out := make([]reading, len(works))
	for i := range out {
		out[i] = reading{median(cpu[i]), median(wall[i]), median(ops[i]), round, wall[i]}
	}
	return out, rates, nil
}

// median is NaN for no numbers.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
