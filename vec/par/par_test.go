package par

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestFor: each piece once, whatever the numbers; a worker is never two goroutines at once.
func TestFor(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7} {
		p := NewPool(workers)
		if p.Workers() != workers {
			t.Fatalf("%d workers, wanted %d", p.Workers(), workers)
		}
		for _, n := range []int{0, 1, 2, 5, 64, 1000} {
			seen, busy := make([]atomic.Int32, n), make([]atomic.Int32, workers)
			p.For(n, func(w, i int) {
				if busy[w].Add(1) != 1 {
					t.Error("a worker is used twice at once")
				}
				runtime.Gosched()
				seen[i].Add(1)
				busy[w].Add(-1)
			})
			for i := range seen {
				if c := seen[i].Load(); c != 1 {
					t.Fatalf("%d workers: piece %d of %d was done %d times", workers, i, n, c)
				}
			}
		}
	}
	if NewPool(0).Workers() != runtime.GOMAXPROCS(0) {
		t.Error("a pool of nought workers has not as many as there are processors")
	}
}

// TestForAgainAndAgain: loops that follow each other at once, helpers of the one before still there, and loops that find
// them gone.
func TestForAgainAndAgain(t *testing.T) {
	for _, workers := range []int{2, 3, 7} {
		p := NewPool(workers)
		sums := make([]int, 50)
		body := func(_, i int) { sums[i] += i }
		for round := range 2000 {
			n := 1 + round%len(sums)
			clear(sums)
			if round%100 == 0 {
				for start := time.Now(); time.Since(start) < 2*linger; {
					runtime.Gosched()
				}
			}
			p.For(n, body)
			for i, s := range sums {
				if i < n && s != i || i >= n && s != 0 {
					t.Fatalf("%d workers, round %d: piece %d of %d gives %d", workers, round, i, n, s)
				}
			}
		}
	}
}

func TestForAllocatesNothing(t *testing.T) {
	p := NewPool(3)
	body := func(_, _ int) {}
	if n := testing.AllocsPerRun(100, func() { p.For(10, body) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// TestRanges: slots cover all pieces, in order, and none is empty.
func TestRanges(t *testing.T) {
	for n := 1; n < 200; n++ {
		slots, next := Slots(n), 0
		for s := range slots {
			lo, hi := Range(n, slots, s)
			if lo != next || hi <= lo {
				t.Fatalf("%d pieces: slot %d of %d is %d to %d, after %d", n, s, slots, lo, hi, next)
			}
			next = hi
		}
		if next != n {
			t.Fatalf("%d pieces: the slots end at %d", n, next)
		}
	}
}
