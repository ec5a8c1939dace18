package targets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sampan-mc/sampan/vec/rng"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// probe is a density whose last bits depend on the batch it is in, and which tells what it was asked.
type probe struct {
	mu     sync.Mutex
	sizes  []int
	during func(b *Batch) error
}

func (p *probe) Info() Info {
	return Info{Name: "probe", Params: Reals("x"), Can: LogP | Grad, Known: Unknown()}
}

func (p *probe) Eval(_ context.Context, b *Batch) error {
	p.mu.Lock()
	p.sizes = append(p.sizes, b.N)
	p.mu.Unlock()
	if p.during != nil {
		if err := p.during(b); err != nil {
			return err
		}
	}
	for i, x := range b.X {
		b.LogP[i] = -x * x * (1 + 0x1p-52*float64(b.N+i))
		b.Grad[i] = -2 * x
	}
	b.Settle()
	return nil
}

func probeBatch(n int) *Batch {
	b := NewBatch(n, 1, LogP|Grad)
	rng.NewKey(1, "chunked", 0).Normals(b.X, 0, 0, 0)
	return b
}

// TestChunkedSameBytes: the cuts, and so the bytes, are the same for any number of workers and of calls at once.
func TestChunkedSameBytes(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 100} {
		var want []float64
		for _, workers := range []int{1, 2, 3, 7} {
			p := &probe{}
			d := Chunked(p, 8, workers)
			var wg sync.WaitGroup
			batches := make([]*Batch, 3)
			for i := range batches {
				batches[i] = probeBatch(n)
				wg.Go(func() {
					if err := d.Eval(context.Background(), batches[i]); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if want == nil {
				want = batches[0].LogP
			}
			for _, b := range batches {
				if !slices.Equal(b.LogP, want) {
					t.Fatalf("n = %d: %d workers give other bytes", n, workers)
				}
			}
			slices.Sort(p.sizes)
			sizes := []int{}
			for range 3 {
				for left := n; left > 0; left -= 8 {
					sizes = append(sizes, min(left, 8))
				}
			}
			slices.Sort(sizes)
			if !slices.Equal(p.sizes, sizes) {
				t.Errorf("n = %d, %d workers: chunks of %v, wanted %v", n, workers, p.sizes, sizes)
			}
		}
	}
}

// TestChunkedIsBounded: two calls together keep three workers busy, and no more.
func TestChunkedIsBounded(t *testing.T) {
	const workers = 3
	var inside, most atomic.Int64
	full := make(chan struct{})
	p := &probe{during: func(*Batch) error {
		now := inside.Add(1)
		defer inside.Add(-1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		if now == workers {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-full // nobody leaves before all the workers have been here at once
		return nil
	}}
	d := Chunked(p, 1, workers)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := d.Eval(context.Background(), probeBatch(20)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != workers {
		t.Errorf("%d goroutines evaluated at once, wanted %d", most.Load(), workers)
	}
}

// TestChunkedLowestErrorWins: chunks 2 and 5 fail, the later one at once, the earlier one only after that.
func TestChunkedLowestErrorWins(t *testing.T) {
	bad := func(x float64) bool { return x == 20 || x == 50 }
	for _, workers := range []int{1, 2, 3, 7} {
		later := make(chan struct{})
		p := &probe{}
		p.during = func(b *Batch) error {
			switch x := b.X[0]; {
			case x == 50:
				close(later)
				return errors.New("chunk 5")
			case x == 20 && workers > 3:
				<-later
				return errors.New("chunk 2")
			case bad(x):
				return errors.New("chunk 2")
			}
			return nil
		}
		b := NewBatch(100, 1, LogP|Grad)
		for i := range b.X {
			b.X[i] = float64(i)
		}
		err := Chunked(p, 10, workers).Eval(context.Background(), b)
		if err == nil || err.Error() != "points 20 to 29: chunk 2" {
			t.Errorf("%d workers: error %v", workers, err)
		}
	}
}

func TestChunkedHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &probe{}
	p.during = func(b *Batch) error { cancel(); return nil }
	if err := Chunked(p, 1, 1).Eval(ctx, probeBatch(50)); !errors.Is(err, context.Canceled) || len(p.sizes) != 1 {
		t.Errorf("error %v after %d chunks", err, len(p.sizes))
	}

	// A caller that waits for a slot gives up as well.
	release := make(chan struct{})
	entered := make(chan struct{})
	q := &probe{during: func(*Batch) error { close(entered); <-release; return nil }}
	d := Chunked(q, 100, 1)
	done := make(chan error)
	go func() { done <- d.Eval(context.Background(), probeBatch(1)) }()
	<-entered
	short, stop := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer stop()
	if err := d.Eval(short, probeBatch(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting caller: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestChunkedRefusesBadBatch(t *testing.T) {
	if err := Chunked(&probe{}, 4, 2).Eval(context.Background(), NewBatch(3, 2, LogP)); err == nil {
		t.Error("a batch of the wrong dimension was accepted")
	}
}

func BenchmarkChunked(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			d, err := New("sonar", nil, "")
			if err != nil {
				b.Fatal(err)
			}
			d = Chunked(d, 64, workers)
			batch := NewBatch(1024, 61, LogP|Grad)
			rng.NewKey(1, "bench", 0).Normals(batch.X, 0, 0, 0)
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Eval(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/point")
		})
	}
}
