package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// eval is targets.Density's Eval.
func (t *Target) eval(ctx context.Context, b *targets.Batch) error {
	if err := b.Check(t.info); err != nil {
		return err
	}
	err := t.submit(ctx, b.N, func(lo, hi int) *job {
		view := &targets.Batch{}
		b.Rows(lo, hi, view)
		return &job{try: t.evaluation(view), apart: func() chunk { return newEvalChunk(t, view) }}
	})
	if err != nil {
		return err
	}
	t.count(b)
	return nil
}

// evaluation is the attempt to evaluate b.
func (t *Target) evaluation(b *targets.Batch) func(context.Context, *link) error {
	return func(ctx context.Context, l *link) error {
		began := time.Now()
		busy, err := l.eval(ctx, t.options.Timeout, b)
		if err == nil {
			t.counts.calls.Add(1)
			t.counts.busy.Add(int64(busy))
			t.counts.wire.Add(int64(time.Since(began) - busy))
		}
		return err
	}
}

// count takes the results of a whole batch into the statistics.
func (t *Target) count(b *targets.Batch) {
	if b.Want&(targets.LogP|targets.Parts) != 0 {
		t.counts.densities.Add(uint64(b.N))
	}
	if b.Want.Has(targets.Grad) {
		t.counts.gradients.Add(uint64(b.N))
	}
	numerical, badGradient := 0, 0
	for i, s := range b.Status {
		switch s {
		case targets.Numerical:
			if numerical++; t.toldNumerical.CompareAndSwap(false, true) {
				t.options.Event(Event{Kind: Numerical, Plugin: t.spec.Name, Worker: -1, Text: numericalText(b, i)})
			}
		case targets.GradBad:
			badGradient++
		}
	}
	t.counts.numerical.Add(uint64(numerical))
	t.counts.badGradient.Add(uint64(badGradient))
}

func numericalText(b *targets.Batch, i int) string {
	x := b.X[i*b.D : (i+1)*b.D]
	more := ""
	if len(x) > 8 {
		x, more = x[:8], " ..."
	}
	what := "not a number or +Inf"
	if b.Want.Has(targets.LogP) {
		what = fmt.Sprint(b.LogP[i])
	}
	return fmt.Sprintf("the log density is %s at x = %.17g%s", what, x, more)
}

func (t *Target) draw(ctx context.Context, prior bool, first, n int, key rng.Key, x []float64) error {
	d := t.info.Dim()
	if len(x) != n*d {
		return fmt.Errorf("%s: %d draws of dimension %d need room for %d values, not %d", t.info.Name, n, d, n*d, len(x))
	}
	return t.submit(ctx, n, func(lo, hi int) *job {
		return &job{try: func(ctx context.Context, l *link) error {
			return l.sample(ctx, l.target.Sample, t.options.Timeout, prior, key, first+lo, hi-lo, x[lo*d:hi*d])
		}}
	})
}

func (t *Target) derive(ctx context.Context, n int, x, out []float64) error {
	d, w := t.info.Dim(), 0
	for _, p := range t.abilities.Outputs {
		w += p.Size()
	}
	if len(x) != n*d || len(out) != n*w {
		return fmt.Errorf("%s: derived quantities of %d points need %d and %d values, not %d and %d", t.info.Name, n, n*d, n*w, len(x), len(out))
	}
	return t.submit(ctx, n, func(lo, hi int) *job {
		return &job{try: func(ctx context.Context, l *link) error {
			return l.derive(ctx, t.options.Timeout, hi-lo, x[lo*d:hi*d], out[lo*w:hi*w])
		}}
	})
}

// The faces a target shows, one for each interface.
type (
	face      struct{ t *Target }
	samples   struct{ t *Target }
	priors    struct{ t *Target }
	derives   struct{ t *Target }
	withDraws struct {
		face
		samples
	}
	withPriors struct {
		face
		priors
	}
	withBoth struct {
		face
		samples
		priors
	}
	withOutputs struct {
		face
		derives
	}
	withDrawsOutputs struct {
		face
		samples
		derives
	}
	withPriorsOutputs struct {
		face
		priors
		derives
	}
	withAll struct {
		face
		samples
		priors
		derives
	}
)

func (f face) Info() targets.Info                               { return f.t.info }
func (f face) Eval(ctx context.Context, b *targets.Batch) error { return f.t.eval(ctx, b) }
func (f derives) Outputs() []targets.Param                      { return f.t.abilities.Outputs }
func (f derives) Derive(ctx context.Context, n int, x, out []float64) error {
	return f.t.derive(ctx, n, x, out)
}

func (f samples) Sample(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	return f.t.draw(ctx, false, first, n, key, x)
}

func (f priors) SamplePrior(ctx context.Context, first, n int, key rng.Key, x []float64) error {
	return f.t.draw(ctx, true, first, n, key, x)
}

// density picks the face that shows what the plugin can do, and no more.
func (t *Target) density() targets.Density {
	f, s, p, d := face{t}, samples{t}, priors{t}, derives{t}
	outputs := t.abilities.Outputs != nil
	switch {
	case t.abilities.Sample && t.abilities.SamplePrior && outputs:
		return withAll{f, s, p, d}
	case t.abilities.Sample && t.abilities.SamplePrior:
		return withBoth{f, s, p}
	case t.abilities.Sample && outputs:
		return withDrawsOutputs{f, s, d}
	case t.abilities.SamplePrior && outputs:
		return withPriorsOutputs{f, p, d}
	case t.abilities.Sample:
		return withDraws{f, s}
	case t.abilities.SamplePrior:
		return withPriors{f, p}
	case outputs:
		return withOutputs{f, d}
	}
	return f
}
