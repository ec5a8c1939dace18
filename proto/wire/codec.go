package wire

import (
	"errors"
	"fmt"
	"io"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto" // registers what Codec falls back on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Codec is gRPC's protobuf codec, the same bytes on the wire, but for how it reads evaluation requests and replies: their
// arrays go from the transport's buffers straight into the memory the message already holds. gRPC's own copies twice more
// and allocates each array anew, which is half the cost of a large batch.
type Codec struct{}

var standard = encoding.GetCodecV2(protocodec.Name)

// Name is protobuf's: the other end cannot tell.
func (Codec) Name() string { return protocodec.Name }

// Marshal is the standard one, which copies each array once.
func (Codec) Marshal(v any) (mem.BufferSlice, error) { return standard.Marshal(v) }

// Unmarshal reads a message, v's memory being used again if it is an evaluation's.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	var fields func(num protowire.Number) any
	switch m := v.(type) {
	case *pb.EvalRequest:
		m.Handle, m.Seq, m.N, m.D, m.Want, m.V, m.X = 0, 0, 0, 0, 0, m.V[:0], m.X[:0]
		fields = func(num protowire.Number) any { return requestField(m, num) }
	case *pb.EvalReply:
		m.Seq, m.Error, m.BusyNs, m.Status = 0, nil, 0, m.Status[:0]
		for _, c := range columns {
			array := c.reply(m)
			*array = (*array)[:0]
		}
		fields = func(num protowire.Number) any { return replyField(m, num) }
	default:
		return standard.Unmarshal(data, v)
	}
	r := data.Reader()
	defer r.Close()
	for r.Remaining() > 0 {
		if err := readField(r, fields); err != nil {
			return fmt.Errorf("wire: %T: %w", v, err)
		}
	}
	return nil
}

// requestField is where field num of m is kept; nil if this version does not know it.
func requestField(m *pb.EvalRequest, num protowire.Number) any {
	switch num {
	case 1:
		return &m.Handle
	case 2:
		return &m.Seq
	case 3:
		return &m.N
	case 4:
		return &m.D
	case 5:
		return &m.Want
	case 6:
		return &m.V
	case 7:
		return &m.X
	}
	return nil
}

func replyField(m *pb.EvalReply, num protowire.Number) any {
	switch num {
	case 1:
		return &m.Seq
	case 2:
		return &m.Error
	case 3:
		return &m.BusyNs
	case 4:
		return &m.Status
	case 5:
		return &m.Logp
	case 6:
		return &m.LogPrior
	case 7:
		return &m.LogLik
	case 8:
		return &m.Laplacian
	case 9:
		return &m.Hvp
	case 10:
		return &m.GradPrior
	case 11:
		return &m.GradLik
	case 12:
		return &m.Grad
	}
	return nil
}

// readField reads one field of a message into its place, or over it if it has none.
func readField(r *mem.Reader, place func(protowire.Number) any) error {
	tag, err := readVarint(r)
	if err != nil {
		return err
	}
	num, typ := protowire.DecodeTag(tag)
	if num < 1 {
		return fmt.Errorf("field number %d", num)
	}
	to := place(num)
	switch typ {
	case protowire.VarintType:
		v, err := readVarint(r)
		if err != nil {
			return err
		}
		switch to := to.(type) {
		case nil:
		case *uint64:
			*to = v
		case *uint32:
			*to = uint32(v)
		default:
			return fmt.Errorf("field %d is a number, wanted bytes", num)
		}
		return nil
	case protowire.BytesType:
		size, err := readVarint(r)
		if err != nil {
			return err
		}
		if size > uint64(r.Remaining()) {
			return io.ErrUnexpectedEOF
		}
		return readBytes(r, num, int(size), to)
	case protowire.Fixed32Type, protowire.Fixed64Type:
		if to != nil {
			return fmt.Errorf("field %d has wire type %d", num, typ)
		}
		width := 4
		if typ == protowire.Fixed64Type {
			width = 8
		}
		_, err := r.Discard(width)
		return err
	}
	return fmt.Errorf("field %d has wire type %d", num, typ)
}

func readBytes(r *mem.Reader, num protowire.Number, size int, to any) error {
	switch to := to.(type) {
	case nil:
		_, err := r.Discard(size)
		return err
	case *[]byte:
		if cap(*to) < size {
			*to = make([]byte, size)
		}
		*to = (*to)[:size]
		_, err := io.ReadFull(r, *to)
		return err
	case **pb.CallError:
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			return err
		}
		if *to == nil {
			*to = &pb.CallError{}
		}
		return proto.UnmarshalOptions{Merge: true}.Unmarshal(text, *to)
	}
	return fmt.Errorf("field %d is bytes, wanted a number", num)
}

var errVarint = errors.New("a number runs over 64 bits")

func readVarint(r *mem.Reader) (uint64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, errVarint
}
