package targettest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/sampan-mc/sampan/targets"
)

func (s *suite) info() {
	in, dim := s.in, s.in.Dim()
	if in.Name == "" {
		s.failf("the density has no name")
	}
	if dim < 1 {
		s.failf("the parameters have %d coordinates, wanted at least one", dim)
	}
	seen := map[string]bool{}
	for _, p := range in.Params {
		if p.Name == "" || seen[p.Name] {
			s.failf("parameter name %q is empty or used twice", p.Name)
		}
		seen[p.Name] = true
	}
	if !in.Can.Has(targets.LogP) {
		s.failf("offers %v, and logp must be among it", in.Can)
	}
	if in.PriorNormalised && !in.Can.Has(targets.Parts) {
		s.failf("the prior is said to be normalised, but parts are not offered")
	}
	for _, k := range []struct {
		name string
		v    []float64
	}{{"mean", in.Known.Mean}, {"sd", in.Known.SD}} {
		if k.v != nil && len(k.v) != dim {
			s.failf("known %s has %d entries, wanted %d or none", k.name, len(k.v), dim)
		}
	}
	if in.Normalised && far(in.Known.LogZ, 0, 1e-12) && !math.IsNaN(in.Known.LogZ) {
		s.failf("said to be normalised, with a log Z of %v", in.Known.LogZ)
	}
	if a, b := fmt.Sprintf("%+v", in), fmt.Sprintf("%+v", s.d.Info()); a != b {
		s.failf("the description changes from call to call: %s, then %s", a, b)
	}
}

func (s *suite) shapes() {
	dim := s.in.Dim()
	for _, n := range []int{0, 1, 2, 17} {
		for _, want := range []targets.Want{targets.LogP, s.all()} {
			b := s.eval(want, s.points(max(n, 1))[:n*dim])
			if b == nil {
				continue
			}
			for i := range b.N {
				if b.Status[i] == targets.NotEvaluated {
					s.failf("%d points, %v: point %d was left without a status", n, want, i)
				}
			}
		}
	}
	if err := s.d.Eval(s.ctx, targets.NewBatch(2, dim+1, targets.LogP)); err == nil {
		s.failf("a batch of dimension %d was accepted, the density has %d", dim+1, dim)
	}
	for _, q := range []targets.Want{targets.Grad, targets.Parts, targets.HVP, targets.Laplacian} {
		if s.in.Can.Has(q) {
			continue
		}
		if err := s.d.Eval(s.ctx, targets.NewBatch(2, dim, targets.LogP|q)); err == nil {
			s.failf("a request for %v was accepted, which is not offered", q)
		}
	}
}

func (s *suite) purity() {
	x := s.points(9)
	a, b := s.eval(s.all(), x), s.eval(s.all(), x)
	if a == nil || b == nil {
		return
	}
	if !bytes.Equal(image(a), image(b)) {
		s.compare(a, b, same, 0, "the same batch twice")
		if len(s.failures) == 0 {
			s.failf("the same batch twice: the bits differ")
		}
	}
	for i, v := range x {
		if far(a.X[i], v, 0) {
			s.failf("the density changed coordinate %d of point %d", i%a.D, i/a.D)
		}
	}
}

// image is every byte of an answer.
func image(b *targets.Batch) []byte {
	var out []byte
	for _, v := range [][]float64{b.LogP, b.Grad, b.LogPrior, b.LogLik, b.GradPrior, b.GradLik} {
		for _, f := range v {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(f))
		}
	}
	for _, st := range b.Status {
		out = append(out, byte(st))
	}
	return out
}

func (s *suite) batch() {
	x, dim := s.points(9), s.in.Dim()
	all := s.eval(s.all(), x)
	if all == nil {
		return
	}
	for i := range all.N {
		if one := s.eval(s.all(), x[i*dim:(i+1)*dim]); one != nil {
			s.compare(one, all, func(int) int { return i }, s.o.BatchTol, "one by one and in a batch")
		}
	}
	back := make([]float64, 0, len(x))
	for i := all.N - 1; i >= 0; i-- {
		back = append(back, x[i*dim:(i+1)*dim]...)
	}
	if b := s.eval(s.all(), back); b != nil {
		s.compare(b, all, func(i int) int { return all.N - 1 - i }, s.o.BatchTol, "rows in reverse order")
	}
	if b := s.eval(targets.LogP, x); b != nil {
		s.compare(b, all, same, math.Max(s.o.BatchTol, 1e-12), "log density alone and with all else")
	}
}

func (s *suite) status() {
	dim, good := s.in.Dim(), s.points(3)
	clean := s.eval(s.all(), good)
	if clean == nil {
		return
	}
	n := clean.N
	// Each bad point sits between two good ones, and in one coordinate: a density must not need all of them to notice.
	try := func(what string, coordinate int, v float64, accept ...targets.Status) {
		x := append([]float64(nil), good...)
		x[dim*(n/2)+coordinate] = v
		b := s.eval(s.all(), x)
		if b == nil {
			return
		}
		for i := range n {
			s.consistent(b, i, what)
		}
		got, ok := b.Status[n/2], len(accept) == 0
		for _, a := range accept {
			ok = ok || got == a
		}
		if !ok {
			s.failf("%s in coordinate %d: status %v, accepted: %v", what, coordinate, got, accept)
		}
		var b0, c0 targets.Batch
		b.Rows(0, n/2, &b0)
		clean.Rows(0, n/2, &c0)
		s.compare(&b0, &c0, same, s.o.BatchTol, what+" in another row")
	}
	j := 0
	for _, p := range s.in.Params {
		try("NaN", j, math.NaN(), targets.Numerical)
		try("+Inf", j, math.Inf(1))
		try("-Inf", j, math.Inf(-1))
		if p.Support == targets.Positive {
			try("a negative number where a positive one belongs", j, -1, targets.OutOfSupport)
		}
		j += p.Size()
	}
	try("NaN", dim-1, math.NaN(), targets.Numerical)
}

// consistent reports a status that does not fit the values of row i.
func (s *suite) consistent(b *targets.Batch, i int, what string) {
	v, want := b.LogP[i], targets.OK
	switch {
	case math.IsInf(v, -1):
		want = targets.OutOfSupport
	case math.IsNaN(v) || math.IsInf(v, 1):
		want = targets.Numerical
	case b.Grad != nil:
		for _, g := range b.Grad[i*b.D : (i+1)*b.D] {
			if math.IsNaN(g) || math.IsInf(g, 0) {
				want = targets.GradBad
			}
		}
	}
	if got := b.Status[i]; got != want {
		s.failf("%s: log density %v has status %v, wanted %v", what, v, got, want)
	}
}

func (s *suite) outputs() {
	o, ok := s.d.(targets.Outputs)
	if !ok {
		s.skipf("the density has none")
		return
	}
	width := 0
	for _, p := range o.Outputs() {
		width += p.Size()
	}
	x, dim := s.points(5), s.in.Dim()
	n := len(x) / dim
	all, one := make([]float64, n*width), make([]float64, width)
	if err := o.Derive(s.ctx, n, x, all); err != nil {
		s.failf("%d points: %v", n, err)
		return
	}
	for i := range n {
		if err := o.Derive(s.ctx, 1, x[i*dim:(i+1)*dim], one); err != nil {
			s.failf("one point: %v", err)
			return
		}
		for j, v := range one {
			if far(v, all[i*width+j], s.o.BatchTol) {
				s.failf("point %d, output %d: %v alone, %v in a batch", i, j, v, all[i*width+j])
			}
		}
	}
}

func (s *suite) concurrency() {
	x, dim := s.points(9), s.in.Dim()
	ref := s.eval(s.all(), x)
	if ref == nil {
		return
	}
	want := image(ref)
	const callers = 8
	var wg sync.WaitGroup
	failures := make([]string, callers)
	for c := range callers {
		wg.Go(func() {
			for range 4 {
				b := targets.NewBatch(len(x)/dim, dim, s.all())
				copy(b.X, x)
				if err := s.d.Eval(s.ctx, b); err != nil {
					failures[c] = err.Error()
				} else if !bytes.Equal(image(b), want) {
					failures[c] = "the answer differs from that of a single call"
				}
			}
		})
	}
	wg.Wait()
	for c, f := range failures {
		if f != "" {
			s.failf("caller %d of %d: %s", c, callers, f)
		}
	}
}
