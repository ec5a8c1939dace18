package wire

import (
	"fmt"
	"math"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
)

// SetRequest makes m the request for b. m shares b's memory where it can: send it before b changes.
func SetRequest(m *pb.EvalRequest, handle, seq uint64, b *targets.Batch) {
	m.Handle, m.Seq = handle, seq
	m.N, m.D, m.Want = uint32(b.N), uint32(b.D), uint32(b.Want)
	m.X, m.V = Bytes(b.X), nil
	if b.Want.Has(targets.HVP) {
		m.V = Bytes(b.V)
	}
}

// A column is one array of a reply: where it is kept in a batch, in a message, and when it is wanted.
type column struct {
	name  string
	need  targets.Want
	wide  bool // n×d, not n
	batch func(*targets.Batch) *[]float64
	reply func(*pb.EvalReply) *[]byte
}

var columns = []column{
	{"logp", targets.LogP, false, func(b *targets.Batch) *[]float64 { return &b.LogP }, func(m *pb.EvalReply) *[]byte { return &m.Logp }},
	{"log_prior", targets.Parts, false, func(b *targets.Batch) *[]float64 { return &b.LogPrior }, func(m *pb.EvalReply) *[]byte { return &m.LogPrior }},
	{"log_lik", targets.Parts, false, func(b *targets.Batch) *[]float64 { return &b.LogLik }, func(m *pb.EvalReply) *[]byte { return &m.LogLik }},
	{"laplacian", targets.Laplacian, false, func(b *targets.Batch) *[]float64 { return &b.Laplacian }, func(m *pb.EvalReply) *[]byte { return &m.Laplacian }},
	{"hvp", targets.HVP, true, func(b *targets.Batch) *[]float64 { return &b.HVP }, func(m *pb.EvalReply) *[]byte { return &m.Hvp }},
	{"grad_prior", targets.Parts | targets.Grad, true, func(b *targets.Batch) *[]float64 { return &b.GradPrior }, func(m *pb.EvalReply) *[]byte { return &m.GradPrior }},
	{"grad_lik", targets.Parts | targets.Grad, true, func(b *targets.Batch) *[]float64 { return &b.GradLik }, func(m *pb.EvalReply) *[]byte { return &m.GradLik }},
	{"grad", targets.Grad, true, func(b *targets.Batch) *[]float64 { return &b.Grad }, func(m *pb.EvalReply) *[]byte { return &m.Grad }},
}

func (c column) size(n, d int) int {
	if c.wide {
		return n * d
	}
	return n
}

// ReadReply fills b, the batch that was asked for, from m and settles the status of every point. An error says which
// array has the wrong length.
func ReadReply(m *pb.EvalReply, b *targets.Batch) error {
	if len(m.Status) != 0 && len(m.Status) != b.N {
		return fmt.Errorf("reply to %d points: status holds %d values, wanted %d or none", b.N, len(m.Status), b.N)
	}
	for _, c := range columns {
		if b.Want.Has(c.need) {
			if err := Floats(*c.batch(b), *c.reply(m), c.name); err != nil {
				return fmt.Errorf("reply to %d points of dimension %d: %w", b.N, b.D, err)
			}
		}
	}
	b.Settle()
	for i, s := range m.Status {
		if targets.Status(s) == targets.NotEvaluated {
			GiveUp(b, i)
		}
	}
	return nil
}

// GiveUp marks row i of b as not evaluated: log density −Inf, gradients zero.
func GiveUp(b *targets.Batch, i int) {
	b.Status[i] = targets.NotEvaluated
	for _, c := range columns {
		if !b.Want.Has(c.need) {
			continue
		}
		v := *c.batch(b)
		switch {
		case c.wide:
			clear(v[i*b.D : (i+1)*b.D])
		case c.need == targets.Laplacian:
			v[i] = 0
		default:
			v[i] = math.Inf(-1)
		}
	}
}

// Answer is the plugin's side of one stream of evaluations: the batch at hand, with memory that is used again.
type Answer struct {
	Batch  targets.Batch
	memory [][]float64 // one for each column
	status []byte
}

// ReadRequest makes a.Batch the batch that m asks a density of this description for. X and V share m's memory. The
// error is a fault of the request.
func (a *Answer) ReadRequest(m *pb.EvalRequest, in targets.Info) error {
	n, d := int(m.N), int(m.D)
	for _, s := range []struct {
		name string
		has  int
		need bool
	}{{"x", len(m.X), true}, {"v", len(m.V), targets.Want(m.Want).Has(targets.HVP)}} {
		if s.need && s.has != 8*n*d {
			return fmt.Errorf("request for %d points of dimension %d: %w", n, d, wrongLength(s.name, s.has, n*d))
		}
	}
	b := &a.Batch
	*b = targets.Batch{N: n, D: d, Want: targets.Want(m.Want), X: View(m.X)}
	if b.Want.Has(targets.HVP) {
		b.V = View(m.V)
	}
	if a.memory == nil {
		a.memory = make([][]float64, len(columns))
	}
	for i, c := range columns {
		if b.Want.Has(c.need) {
			*c.batch(b) = grow(&a.memory[i], c.size(n, d))
		}
	}
	a.status = append(a.status[:0], make([]byte, n)...)
	b.Status = statuses(a.status)
	return b.Check(in)
}

func grow(v *[]float64, n int) []float64 {
	if cap(*v) < n {
		*v = make([]float64, n)
	}
	return (*v)[:n]
}

// SetReply makes m the reply that carries a.Batch's results. m shares a's memory: send it before the next request is read.
func (a *Answer) SetReply(m *pb.EvalReply) {
	for _, c := range columns {
		if a.Batch.Want.Has(c.need) {
			*c.reply(m) = Bytes(*c.batch(&a.Batch))
		}
	}
	for _, s := range a.status {
		if s != byte(targets.OK) {
			m.Status = a.status
			break
		}
	}
}
