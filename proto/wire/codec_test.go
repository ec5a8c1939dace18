package wire

import (
	"bytes"
	"testing"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// pieces cuts b into buffers of at most n bytes, as a transport does.
func pieces(b []byte, n int) mem.BufferSlice {
	var s mem.BufferSlice
	for len(b) > 0 {
		k := min(n, len(b))
		s = append(s, mem.SliceBuffer(b[:k]))
		b = b[k:]
	}
	return s
}

// sameAsStandard holds Codec against the standard decoder: the same message, or an error from both.
func sameAsStandard(t interface{ Fatalf(string, ...any) }, b []byte, piece int, used, fresh proto.Message) {
	plain := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, fresh)
	ours := Codec{}.Unmarshal(pieces(b, piece), used)
	if (plain == nil) != (ours == nil) {
		t.Fatalf("%x: error %v, the standard decoder's is %v", b, ours, plain)
	}
	if ours == nil && !proto.Equal(used, fresh) {
		t.Fatalf("%x: %v, the standard decoder has %v", b, used, fresh)
	}
}

func array(t *rapid.T, name string) []byte {
	return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name)
}

// The codec reads what the standard one writes, whatever the buffers and whatever the message held before.
func TestCodecAgreesWithStandard(t *testing.T) {
	var req pb.EvalRequest
	var reply pb.EvalReply
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.IntRange(1, 50).Draw(t, "piece")
		b, err := proto.Marshal(&pb.EvalRequest{
			Handle: rapid.Uint64().Draw(t, "handle"), Seq: rapid.Uint64().Draw(t, "seq"), N: rapid.Uint32().Draw(t, "n"),
			D: rapid.Uint32().Draw(t, "d"), Want: rapid.Uint32().Draw(t, "want"), X: array(t, "x"), V: array(t, "v"),
		})
		if err != nil {
			t.Fatal(err)
		}
		sameAsStandard(t, b, piece, &req, &pb.EvalRequest{})
		full := &pb.EvalReply{
			Seq: rapid.Uint64().Draw(t, "seq"), BusyNs: rapid.Uint64().Draw(t, "busy"), Status: array(t, "status"), Logp: array(t, "logp"),
			LogPrior: array(t, "prior"), LogLik: array(t, "lik"), Laplacian: array(t, "laplacian"), Hvp: array(t, "hvp"),
			GradPrior: array(t, "grad prior"), GradLik: array(t, "grad lik"), Grad: array(t, "grad"),
		}
		if rapid.Bool().Draw(t, "fails") {
			full.Error = &pb.CallError{Code: pb.CallError_CODE_FAILED, Message: "no", Traceback: rapid.StringN(0, 20, -1).Draw(t, "traceback")}
		}
		if b, err = proto.Marshal(full); err != nil {
			t.Fatal(err)
		}
		sameAsStandard(t, b, piece, &reply, &pb.EvalReply{})
	})
}

// Fields of a later version are read over.
func TestCodecSkipsUnknownFields(t *testing.T) {
	b, err := proto.Marshal(&pb.EvalReply{Seq: 3, Logp: []byte("12345678")})
	if err != nil {
		t.Fatal(err)
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, 100, protowire.VarintType), 1<<40)
	b = protowire.AppendBytes(protowire.AppendTag(b, 101, protowire.BytesType), make([]byte, 300))
	b = protowire.AppendFixed32(protowire.AppendTag(b, 102, protowire.Fixed32Type), 7)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 103, protowire.Fixed64Type), 7)
	b = protowire.AppendBytes(protowire.AppendTag(b, 12, protowire.BytesType), []byte("after it"))
	sameAsStandard(t, b, 16, &pb.EvalReply{}, &pb.EvalReply{})
}

// Nothing a plugin sends can do more than fail to be read.
func FuzzCodec(f *testing.F) {
	for _, m := range []proto.Message{
		&pb.EvalReply{Seq: 1, Logp: make([]byte, 16), Grad: make([]byte, 32), Error: &pb.CallError{Message: "x"}},
		&pb.EvalRequest{Handle: 1, Seq: 300, N: 2, D: 2, Want: 3, X: make([]byte, 32)},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add(bytes.Repeat([]byte{0xff}, 12))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []proto.Message{&pb.EvalReply{}, &pb.EvalRequest{}} {
			if err := (Codec{}).Unmarshal(pieces(b, 7), m); err != nil {
				continue
			}
			again, err := proto.Marshal(m)
			if err != nil {
				continue // not UTF-8 in a text
			}
			fresh := m.ProtoReflect().New().Interface()
			if err := (Codec{}).Unmarshal(pieces(again, 5), fresh); err != nil || !proto.Equal(m, fresh) {
				t.Fatalf("%x does not survive: %v", b, err)
			}
		}
	})
}

// A stream of equal requests needs no new memory.
func TestCodecAllocatesNothing(t *testing.T) {
	b, err := proto.Marshal(&pb.EvalReply{Seq: 1, Logp: make([]byte, 8<<10), Grad: make([]byte, 80<<10)})
	if err != nil {
		t.Fatal(err)
	}
	data, m := pieces(b, 16<<10), &pb.EvalReply{}
	if n := testing.AllocsPerRun(100, func() {
		if err := (Codec{}).Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
	}); n > 3 { // the reader, and what it is told with
		t.Errorf("%v allocations a message", n)
	}
}
