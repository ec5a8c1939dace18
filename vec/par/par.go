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
)

// Pool runs loops on a fixed number of workers. A Pool is for one caller at a time: its loops do not nest, nor run
// side by side. Nothing outlives a call, so that there is nothing to close.
type Pool struct {
	run  []func() // one a worker, made once: starting one allocates nothing
	body func(worker, i int)
	n    int64
	next atomic.Int64
	wait sync.WaitGroup
}

// NewPool returns a pool of that many workers; of GOMAXPROCS where workers is 0.
func NewPool(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{run: make([]func(), workers)}
	for w := range p.run {
		p.run[w] = func() {
			defer p.wait.Done()
			p.work(w)
		}
	}
	return p
}

// Workers is the number of workers.
func (p *Pool) Workers() int { return len(p.run) }

// For calls body(worker, i) once for each i from 0 to n−1 and returns when all are done. worker, from 0 to Workers()−1,
// says whose memory to use, and must not change the result. To allocate nothing, keep body from one call to the next.
func (p *Pool) For(n int, body func(worker, i int)) {
	helpers := min(len(p.run), n) - 1
	if helpers <= 0 {
		for i := range n {
			body(0, i)
		}
		return
	}
	p.body, p.n = body, int64(n)
	p.next.Store(0)
	p.wait.Add(helpers)
	for w := 1; w <= helpers; w++ {
		go p.run[w]()
	}
	p.work(0)
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

// maxSlots bounds the workers that can share a reverse pass, and the memory it takes: a gradient a slot.
const maxSlots = 8

// Slots is the number of slots that n pieces are gathered in. It depends on n alone.
func Slots(n int) int { return min(n, maxSlots) }

// Range is the range of pieces, from lo to hi−1, of one of the slots of n pieces.
func Range(n, slots, slot int) (lo, hi int) { return slot * n / slots, (slot + 1) * n / slots }
