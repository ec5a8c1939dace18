package wire

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
)

const all = targets.LogP | targets.Grad | targets.Parts | targets.HVP | targets.Laplacian

var info = targets.Info{Name: "t", Params: targets.Reals("x", 2), Can: all}

// request is a batch of three points on its way to the plugin.
func request(want targets.Want) (*targets.Batch, *pb.EvalRequest) {
	b := targets.NewBatch(3, 2, want)
	for i := range b.X {
		b.X[i] = float64(i) + 0.5
	}
	for i := range b.V {
		b.V[i] = -float64(i)
	}
	m := &pb.EvalRequest{}
	SetRequest(m, 7, 9, b)
	return b, m
}

// What a plugin computes is what the host gets, with and without each quantity.
func TestBatchThereAndBack(t *testing.T) {
	for _, want := range []targets.Want{targets.LogP, targets.Grad, targets.LogP | targets.Grad, targets.LogP | targets.Parts, all} {
		b, m := request(want)
		var a Answer
		for range 2 { // the second time in used memory
			if err := a.ReadRequest(m, info); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.X, a.Batch.X) + cmp.Diff(b.V, a.Batch.V); diff != "" {
				t.Errorf("%v: %s", want, diff)
			}
			k := 0.0
			for _, c := range columns {
				if want.Has(c.need) {
					for i, v := 0, *c.batch(&a.Batch); i < len(v); i++ {
						k++
						v[i] = k
					}
				}
			}
		}
		reply := &pb.EvalReply{}
		a.SetReply(reply)
		if err := ReadReply(reply, b); err != nil {
			t.Fatal(err)
		}
		for _, c := range columns {
			if want.Has(c.need) && c.name != "logp" { // which becomes the parts' sum
				if diff := cmp.Diff(*c.batch(&a.Batch), *c.batch(b)); diff != "" {
					t.Errorf("%v: %s: %s", want, c.name, diff)
				}
			}
		}
	}
}

func TestReplyOfWrongLength(t *testing.T) {
	b, _ := request(targets.LogP | targets.Grad)
	good := func() *pb.EvalReply { return &pb.EvalReply{Logp: make([]byte, 24), Grad: make([]byte, 48)} }
	if err := ReadReply(good(), b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(*pb.EvalReply)
		want  string
	}{
		{func(m *pb.EvalReply) { m.Logp = nil }, "reply to 3 points of dimension 2: logp holds 0 values, wanted 3"},
		{func(m *pb.EvalReply) { m.Grad = m.Grad[:24] }, "grad holds 3 values, wanted 6"},
		{func(m *pb.EvalReply) { m.Grad = m.Grad[:25] }, "grad holds 25 bytes, which is no whole number of float64s; wanted 6 values (48 bytes)"},
		{func(m *pb.EvalReply) { m.Status = []byte{0, 0} }, "status holds 2 values, wanted 3 or none"},
	} {
		m := good()
		c.spoil(m)
		if err := ReadReply(m, b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
}

func TestRequestOfWrongLength(t *testing.T) {
	for _, c := range []struct {
		spoil func(*pb.EvalRequest)
		want  string
	}{
		{func(m *pb.EvalRequest) { m.X = m.X[:40] }, "x holds 5 values, wanted 6"},
		{func(m *pb.EvalRequest) { m.N = 1 << 31 }, "x holds 6 values, wanted"},
		{func(m *pb.EvalRequest) { m.V = nil }, "v holds 0 values, wanted 6"},
		{func(m *pb.EvalRequest) { m.N, m.D = 2, 3 }, "dimension 3, the density has 2"},
		{func(m *pb.EvalRequest) { m.Want = 64 }, "the density offers"},
	} {
		_, m := request(all)
		c.spoil(m)
		var a Answer
		if err := a.ReadRequest(m, info); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
}

// The host settles statuses by the values, but takes the plugin's word for points it did not evaluate.
func TestStatuses(t *testing.T) {
	b, _ := request(targets.LogP)
	logp := []float64{math.Inf(-1), math.NaN(), 3}
	if err := ReadReply(&pb.EvalReply{Logp: Bytes(logp), Status: []byte{0, 0, byte(targets.NotEvaluated)}}, b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]targets.Status{targets.OutOfSupport, targets.Numerical, targets.NotEvaluated}, b.Status); diff != "" {
		t.Error(diff)
	}
	if !math.IsInf(b.LogP[2], -1) {
		t.Errorf("a point that was not evaluated has log density %v", b.LogP[2])
	}
}

// Want, Status and Support have the same numbers in messages and in Go.
func TestNumbersAgree(t *testing.T) {
	for _, c := range []struct {
		name     string
		go_, msg int
	}{
		{"logp", int(targets.LogP), int(pb.Want_WANT_LOGP)}, {"grad", int(targets.Grad), int(pb.Want_WANT_GRAD)},
		{"parts", int(targets.Parts), int(pb.Want_WANT_PARTS)}, {"hvp", int(targets.HVP), int(pb.Want_WANT_HVP)},
		{"laplacian", int(targets.Laplacian), int(pb.Want_WANT_LAPLACIAN)},
		{"ok", int(targets.OK), int(pb.PointStatus_POINT_OK)}, {"out of support", int(targets.OutOfSupport), int(pb.PointStatus_POINT_OUT_OF_SUPPORT)},
		{"numerical", int(targets.Numerical), int(pb.PointStatus_POINT_NUMERICAL)}, {"grad bad", int(targets.GradBad), int(pb.PointStatus_POINT_GRAD_BAD)},
		{"not evaluated", int(targets.NotEvaluated), int(pb.PointStatus_POINT_NOT_EVALUATED)},
		{"real", int(targets.Real), int(pb.Support_SUPPORT_REAL)}, {"positive", int(targets.Positive), int(pb.Support_SUPPORT_POSITIVE)},
		{"lower", int(targets.LowerBound), int(pb.Support_SUPPORT_LOWER_BOUND)}, {"upper", int(targets.UpperBound), int(pb.Support_SUPPORT_UPPER_BOUND)},
		{"interval", int(targets.Interval), int(pb.Support_SUPPORT_INTERVAL)}, {"simplex", int(targets.Simplex), int(pb.Support_SUPPORT_SIMPLEX)},
		{"ordered", int(targets.Ordered), int(pb.Support_SUPPORT_ORDERED)}, {"cholesky", int(targets.CorrCholesky), int(pb.Support_SUPPORT_CORR_CHOLESKY)},
	} {
		if c.go_ != c.msg {
			t.Errorf("%s is %d in Go and %d in messages", c.name, c.go_, c.msg)
		}
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct{ d, wanted, preferred, limit, rows int }{
		{10, 0, 0, 0, 1024}, {60, 0, 0, 0, 546}, {5000, 0, 0, 0, 64}, // by dimension
		{10, 0, 100, 0, 100}, {10, 7, 100, 0, 7}, {10, 7, 100, 5, 5}, {10, 0, 0, 32, 32}, // as asked for
		{1 << 20, 0, 0, 0, 1}, {1 << 10, 100_000, 0, 0, 511}, // messages stay well below their limit
	} {
		if got := Rows(c.d, c.wanted, c.preferred, c.limit); got != c.rows {
			t.Errorf("Rows(%d, %d, %d, %d) = %d, wanted %d", c.d, c.wanted, c.preferred, c.limit, got, c.rows)
		}
	}
}

// Views read bytes at any address.
func TestViewOfAnyAddress(t *testing.T) {
	want := []float64{1, math.Inf(-1), math.Pi}
	for shift := range 8 {
		b := append(make([]byte, shift, 64), Bytes(want)...)[shift:]
		if diff := cmp.Diff(want, View(b)); diff != "" {
			t.Errorf("shifted by %d: %s", shift, diff)
		}
	}
	if View(nil) != nil || Bytes(nil) != nil {
		t.Error("nothing gives something")
	}
}
