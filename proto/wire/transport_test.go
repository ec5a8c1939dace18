package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

func beta(b float64) *pb.Cut { return &pb.Cut{At: &pb.Cut_Beta{Beta: b}} }

// A transport that cannot be is refused, with what is wrong with it.
func TestImpossibleTransports(t *testing.T) {
	own := &pb.Cut{At: &pb.Cut_Own{Own: true}}
	for _, c := range []struct {
		m    *pb.TransportInfo
		want string // empty: it can be
	}{
		{&pb.TransportInfo{Cuts: []*pb.Cut{beta(0.5), own, {At: &pb.Cut_None{None: true}}, beta(0.5), beta(1)}}, ""},
		{nil, "not described"},
		{&pb.TransportInfo{}, "no cuts"},
		{&pb.TransportInfo{Cuts: []*pb.Cut{beta(0.5), beta(0.4), beta(1)}}, "cut 2 is at β = 0.4 after 0.5"},
		{&pb.TransportInfo{Cuts: []*pb.Cut{beta(0), beta(1)}}, "cut 1 is at β = 0"},
		{&pb.TransportInfo{Cuts: []*pb.Cut{beta(1), own}}, "the last cut must be the target"},
		{&pb.TransportInfo{Cuts: []*pb.Cut{beta(0.5)}}, "the last cut must be the target"},
		{&pb.TransportInfo{Cuts: []*pb.Cut{{}, beta(1)}}, "cut 1 says nothing"},
		{&pb.TransportInfo{Aux: 1 << 30, Cuts: []*pb.Cut{beta(1)}}, "auxiliary state has 1073741824 numbers"},
	} {
		_, cuts, err := ToTransport(c.m)
		if c.want == "" && (err != nil || len(cuts) != len(c.m.Cuts)) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, wanted %q", c.m, err, c.want)
		}
	}
}

func someParticles() *smc.Particles {
	p := smc.NewParticles(3, 2, 1)
	for i := range p.X {
		p.X[i] = float64(i)
	}
	copy(p.Aux, []float64{7, 8, 9})
	copy(p.LogRef, []float64{-1, -2, -3})
	p.LogOwn, p.LogW, p.Lineage = []float64{1, 2, 3}, nil, nil
	return p
}

func TestParticlesThereAndBack(t *testing.T) {
	p := someParticles()
	got, err := ToParticles(FromParticles(p), 2, 1, 12)
	p.First = 12
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		spoil func(*pb.Particles)
		want  string
	}{
		{func(m *pb.Particles) { m.D = 3 }, "dimension 3 with 1 auxiliary numbers, wanted 2 and 1"},
		{func(m *pb.Particles) { m.N = 1 << 31 }, "x holds 6 values, wanted"},
		{func(m *pb.Particles) { m.Aux = nil }, "aux holds 0 values, wanted 3"},
		{func(m *pb.Particles) { m.LogRef = m.LogRef[:8] }, "log_ref holds 1 values, wanted 3"},
	} {
		m := FromParticles(p)
		c.spoil(m)
		if _, err := ToParticles(m, 2, 1, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
}

func TestSegmentThereAndBack(t *testing.T) {
	from, ratio, status := someParticles(), []float64{0.5, 1.5, 2.5}, []targets.Status{0, targets.Numerical, 0}
	to, r, s := smc.NewParticles(3, 2, 1), make([]float64, 3), make([]targets.Status, 3)
	to.LogOwn = make([]float64, 3)
	if err := ReadSegment(FromSegment(from, ratio, status), to, r, s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(from, to, cmpopts.IgnoreFields(smc.Particles{}, "LogRef", "LogTarget", "LogW", "Lineage")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(ratio, r) + cmp.Diff(status, s); diff != "" {
		t.Error(diff)
	}
	if err := ReadSegment(FromSegment(from, ratio, make([]targets.Status, 3)), to, r, s); err != nil || s[1] != targets.OK {
		t.Errorf("statuses that are all well: %v, %v", err, s)
	}
	m := FromSegment(from, ratio, nil)
	m.Out.LogOwn = nil
	if err := ReadSegment(m, to, r, s); err == nil || !strings.Contains(err.Error(), "log_own holds 0 values, wanted 3") {
		t.Errorf("its own density is missing: %v", err)
	}
}

// Blobs come in pieces, and are what was sent or an error.
func TestBlobs(t *testing.T) {
	big := make([]byte, 2*pieceBytes+5)
	for i := range big {
		big[i] = byte(i * i)
	}
	var pieces []*pb.Blob
	keep := func(b *pb.Blob) error { pieces = append(pieces, b); return nil }
	for _, data := range [][]byte{big, {}, {1}} {
		pieces = nil
		if err := SendBlob("net.bin", data, keep); err != nil {
			t.Fatal(err)
		}
		var b Blob
		for i, p := range pieces {
			name, got, done, err := b.Add(p)
			if err != nil || done != (i == len(pieces)-1) || done && (name != "net.bin" || string(got) != string(data)) {
				t.Errorf("piece %d of %d bytes: done %v, %v", i, len(data), done, err)
			}
			if b.Between() != done {
				t.Errorf("piece %d of %d bytes: between blobs %v", i, len(data), b.Between())
			}
		}
	}
	pieces = nil
	if err := SendBlob("net.bin", big, keep); err != nil {
		t.Fatal(err)
	}
	clone := func(i int, spoil func(*pb.Blob)) *pb.Blob {
		p := pieces[i]
		c := &pb.Blob{Name: p.Name, Offset: p.Offset, Total: p.Total, Sha256: p.Sha256, Data: append([]byte{}, p.Data...)}
		spoil(c)
		return c
	}
	for _, c := range []struct {
		second *pb.Blob
		want   string
	}{
		{clone(1, func(b *pb.Blob) { b.Data[3]++ }), "arrived damaged"},
		{clone(2, func(*pb.Blob) {}), "came where 1048576 of 2097157 were there"},
		{clone(1, func(b *pb.Blob) { b.Name = "other" }), `a piece of "other"`},
		{clone(1, func(b *pb.Blob) { b.Data = nil }), "0 bytes at 1048576"},
		{clone(1, func(b *pb.Blob) { b.Data = append(b.Data, b.Data...) }), "came where"},
	} {
		var b Blob
		var err error
		for _, p := range []*pb.Blob{pieces[0], c.second, pieces[2]} {
			if err == nil {
				_, _, _, err = b.Add(p)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
	var b Blob
	if _, _, _, err := b.Add(&pb.Blob{Total: 1 << 50}); err == nil {
		t.Error("a petabyte is accepted")
	}
}

func TestPilotThereAndBack(t *testing.T) {
	level := func(n int, weights bool) smc.Level {
		l := smc.Level{Beta: 0.25, N: n, D: 2, LogZ: -3, X: make([]float64, 2*n), LogRef: make([]float64, n), LogTarget: make([]float64, n)}
		for i := range n {
			l.X[2*i], l.LogRef[i], l.LogTarget[i] = float64(i), float64(-i), float64(2*i)
		}
		if weights {
			l.LogW = l.LogTarget
		}
		return l
	}
	want := []smc.Level{level(2500, true), level(3, false), level(1024, false)}
	var chunks []*pb.PilotChunk
	if err := SendPilot(want, func(m *pb.PilotChunk) error { chunks = append(chunks, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(chunks) != 5 {
		t.Errorf("%d chunks, wanted 5", len(chunks))
	}
	read := func(chunks []*pb.PilotChunk, d int) ([]smc.Level, error) {
		var p Pilot
		for _, m := range chunks {
			if err := p.Add(m, d); err != nil {
				return nil, err
			}
		}
		return p.Levels()
	}
	got, err := read(chunks, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		chunks []*pb.PilotChunk
		d      int
		want   string
	}{
		{chunks, 3, "pilot level 0 has dimension 2, wanted 3"},
		{chunks[:2], 2, "pilot level 0 ends after 2048 of 2500 draws"},
		{[]*pb.PilotChunk{chunks[0], chunks[3]}, 2, "a chunk of pilot level 1 came where level 0 was not complete"},
		{[]*pb.PilotChunk{chunks[0], chunks[2]}, 2, "draws 2048 to 2500 came where 1024 of 2500 were there"},
		{[]*pb.PilotChunk{{N: 1 << 31, D: 2, Total: 1 << 31}}, 2, "x holds 0 values, wanted"},
	} {
		if _, err := read(c.chunks, c.d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, wanted %s", err, c.want)
		}
	}
	if levels, err := read(nil, 2); levels != nil || err != nil {
		t.Errorf("no pilot: %v, %v", levels, err)
	}
}

// TestReference: a normal density crosses as its moments, in both forms; what cannot be one is refused.
func TestReference(t *testing.T) {
	for name, m := range map[string]*pb.Normal{
		"scales": {Mean: Bytes([]float64{1, 2}), Factor: Bytes([]float64{3, 4})},
		"factor": {Mean: Bytes([]float64{1, 2}), Factor: Bytes([]float64{3, 1, 4})},
	} {
		r, err := ToReference(m, 2)
		if err != nil {
			t.Fatal(err)
		}
		mean, factor := r.(smc.Normal).Moments()
		if !bytes.Equal(Bytes(mean), m.Mean) || !bytes.Equal(Bytes(factor), m.Factor) {
			t.Errorf("%s: mean %v, factor %v", name, mean, factor)
		}
	}
	for name, m := range map[string]*pb.Normal{
		"one mean":       {Mean: Bytes([]float64{1}), Factor: Bytes([]float64{3, 4})},
		"four factors":   {Mean: Bytes([]float64{1, 2}), Factor: Bytes([]float64{3, 4, 5, 6})},
		"no spread":      {Mean: Bytes([]float64{1, 2}), Factor: Bytes([]float64{0, 4})},
		"negative pivot": {Mean: Bytes([]float64{1, 2}), Factor: Bytes([]float64{1, 0, -4})},
	} {
		if _, err := ToReference(m, 2); err == nil {
			t.Errorf("%s: taken for a normal density", name)
		}
	}
}
