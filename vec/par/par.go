// Package par spreads a step over workers so that the answer does not depend on how many there are.
//
// Work is cut into pieces (tiles, or slots of several tiles) by its size alone. Workers take pieces off a counter in
// whatever order they come; a piece writes only to its own memory; and what must be added up, gradients above all, is
// gathered into a fixed number of slots, each of them a fixed range of tiles in their order, and the slots are then added
// in their order. Floating-point sums therefore associate in one way only: 1, 2, 3 and 7 workers give the same bits.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// linger is how long a helper that has done its part stays to see whether another loop follows, and how long the caller
// watches for helpers before it sleeps. The loops of a step follow each other within that, and to wake a sleeping processor
// takes as long: three times a step, it made two workers 1.65 times as fast as one where now they are 1.9.
const linger = 100 * time.Microsecond

// The states of a helper.
const (
	gone = iota
	lingering
	working
)

// Pool runs loops on a fixed number of workers. A Pool is for one caller at a time: its loops do not nest, nor run
// side by side. Helpers outlive a call by a tenth of a millisecond, and there is nothing to close.
type Pool struct {
	helpers []helper
	body    func(worker, i int)
	n       int64
	next    atomic.Int64
	left    atomic.Int64   // helpers at work, or fewer: what to watch before going to sleep
	wait    sync.WaitGroup // helpers at work
	linger  time.Duration
}

type helper struct {
	run   func() // made once: starting it allocates nothing
	state atomic.Int32
}

// NewPool returns a pool of that many workers; of GOMAXPROCS where workers is 0.
func NewPool(workers int) *Pool {
	procs := runtime.GOMAXPROCS(0)
	if workers <= 0 {
		workers = procs
	}
	p := &Pool{helpers: make([]helper, workers-1)}
	if workers <= procs { // else a processor has better to do
		p.linger = linger
	}
	for w := range p.helpers {
		p.helpers[w].run = func() { p.help(w + 1) }
	}
	return p
}

// Workers is the number of workers.
func (p *Pool) Workers() int { return len(p.helpers) + 1 }

// For calls body(worker, i) once for each i from 0 to n−1 and returns when all are done. worker, from 0 to Workers()−1,
// says whose memory to use, and must not change the result. To allocate nothing, keep body from one call to the next.
func (p *Pool) For(n int, body func(worker, i int)) {
	helpers := min(len(p.helpers), n-1)
	if helpers <= 0 {
		for i := range n {
			body(0, i)
		}
		return
	}
	p.body, p.n = body, int64(n)
	p.next.Store(0)
	p.left.Store(int64(helpers))
	p.wait.Add(helpers)
	for w := range helpers {
		h := &p.helpers[w]
		if !h.state.CompareAndSwap(lingering, working) {
			h.state.Store(working)
			go h.run()
		}
	}
	p.work(0)
	for start := time.Now(); p.left.Load() > 0 && time.Since(start) < p.linger; {
		runtime.Gosched()
	}
	p.wait.Wait()
	p.body = nil
}

func (p *Pool) work(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.n {
			return
		}
		p.body(worker, int(i))
	}
}

// help is the life of a helper: loops, as long as they follow each other closely.
func (p *Pool) help(worker int) {
	h := &p.helpers[worker-1]
	for {
		p.work(worker)
		h.state.Store(lingering)
		p.wait.Done()
		p.left.Add(-1)
		for start := time.Now(); h.state.Load() == lingering; {
			if time.Since(start) >= p.linger && h.state.CompareAndSwap(lingering, gone) {
				return
			}
			runtime.Gosched()
		}
	}
}

// maxSlots bounds the workers that can share a reverse pass, and the memory it takes: a gradient a slot.
const maxSlots = 8

// Slots is the number of slots that n pieces are gathered in. It depends on n alone.
func Slots(n int) int { return min(n, maxSlots) }

// Range is the range of pieces, from lo to hi−1, of one of the slots of n pieces.
func Range(n, slots, slot int) (lo, hi int) { return slot * n / slots, (slot + 1) * n / slots }
