package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// segment has the plugin run a segment, answering what it asks. The error is a *lost, an *Error, the target's, or ctx's.
func (l *link) segment(ctx context.Context, timeout time.Duration, start *pb.SegmentStart, a *asking) (*pb.SegmentDone, *used, error) {
	const op = "segment"
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	wait := newPatience(timeout, cancel)
	defer wait.stop()
	lost := func(err error) error { return l.diagnose(ctx, op, err, wait.late.Load(), timeout) }
	stream, err := l.moves.Segment(open)
	if err != nil {
		return nil, nil, lost(err)
	}
	// A failed Send says io.EOF; the reason comes with the receiving end.
	if err := stream.Send(&pb.SegmentCommand{Command: &pb.SegmentCommand_Start{Start: start}}); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, lost(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			if errors.Is(err, io.EOF) && l.proc.alive() {
				return nil, nil, l.failed(op, "ended the stream without an answer")
			}
			return nil, nil, lost(err)
		}
		switch e := m.Event.(type) {
		case *pb.SegmentEvent_Ask:
			wait.pause()
			reply, err := a.eval(open, op, e.Ask)
			wait.resume()
			if err != nil {
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				return nil, nil, err
			}
			if err := stream.Send(&pb.SegmentCommand{Command: &pb.SegmentCommand_Answer{Answer: reply}}); err != nil && !errors.Is(err, io.EOF) {
				return nil, nil, lost(err)
			}
		case *pb.SegmentEvent_Done:
			return e.Done, &a.used, nil
		case *pb.SegmentEvent_Error:
			return nil, nil, l.refused(op, e.Error)
		default:
			return nil, nil, l.failed(op, "sent an event that this version does not know")
		}
	}
}

const opOwn = "evaluate its own density"

// density evaluates b by the transport's reference, at cut 0, or its own density at a cut. told is the target there, where the
// plugin is to know.
func (l *link) density(ctx context.Context, timeout time.Duration, cut int, b *targets.Batch, told *pb.EvalReply) (busy time.Duration, err error) {
	const op = opOwn
	err = l.call(ctx, op, timeout, func(ctx context.Context) error {
		reply, err := l.moves.Density(ctx, &pb.DensityRequest{Handle: l.handle, Cut: uint32(cut), N: uint32(b.N), Want: uint32(b.Want), X: wire.Bytes(b.X), Target: told})
		switch {
		case err != nil:
			return err
		case reply.Error != nil:
			return l.refused(op, reply.Error)
		}
		busy = time.Duration(reply.BusyNs)
		if err := wire.ReadReply(reply, b); err != nil {
			return l.failed(op, err.Error())
		}
		return nil
	})
	return busy, err
}

// release has the plugin forget a handle, if it can.
func (l *link) release(ctx context.Context, handle uint64, timeout time.Duration) error {
	return l.call(ctx, "release", timeout, func(ctx context.Context) error {
		_, err := l.plugin.Release(ctx, &pb.ReleaseRequest{Handle: handle})
		if status.Code(err) == codes.Unimplemented {
			err = nil
		}
		return err
	})
}

// setCuts cuts the path into n segments.
func (l *link) setCuts(ctx context.Context, timeout time.Duration, n int) (info *pb.TransportInfo, err error) {
	const op = "cut"
	err = l.call(ctx, op, timeout, func(ctx context.Context) error {
		reply, err := l.moves.SetCuts(ctx, &pb.SetCutsRequest{Handle: l.handle, Segments: uint32(n)})
		switch {
		case err != nil:
			return err
		case reply.Error != nil:
			return l.refused(op, reply.Error)
		}
		info = reply.Transport
		return nil
	})
	return info, err
}

// save fetches the artefact.
func (l *link) save(ctx context.Context, timeout time.Duration) (files []smc.File, err error) {
	const op = "save"
	err = l.call(ctx, op, timeout, func(ctx context.Context) error {
		files = []smc.File{}
		stream, err := l.moves.Save(ctx, &pb.SaveRequest{Handle: l.handle})
		if err != nil {
			return err
		}
		var blob wire.Blob
		for {
			m, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF) && !blob.Between():
				return l.failed(op, "sent the last file in part")
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			case m.GetError() != nil:
				return l.refused(op, m.GetError())
			case m.GetBlob() == nil:
				return l.failed(op, "sent an event that this version does not know")
			}
			name, data, done, err := blob.Add(m.GetBlob())
			if err != nil {
				return l.failed(op, err.Error())
			}
			if !done {
				continue
			}
			if !validName.MatchString(name) {
				return l.failed(op, fmt.Sprintf("sent a file named %q; accepted: letters, digits, dots, - and _", name))
			}
			files = append(files, smc.File{Name: name, Data: data})
		}
	})
	return files, err
}

// load gives the artefact back.
func (l *link) load(ctx context.Context, timeout time.Duration, files []smc.File) (info *pb.TransportInfo, err error) {
	const op = "load"
	err = l.call(ctx, op, timeout, func(ctx context.Context) error {
		stream, err := l.moves.Load(ctx)
		if err != nil {
			return err
		}
		err = stream.Send(&pb.LoadCommand{Command: &pb.LoadCommand_Handle{Handle: l.handle}})
		for i := 0; i < len(files) && err == nil; i++ {
			err = wire.SendBlob(files[i].Name, files[i].Data, func(b *pb.Blob) error {
				return stream.Send(&pb.LoadCommand{Command: &pb.LoadCommand_Blob{Blob: b}})
			})
		}
		if err != nil && !errors.Is(err, io.EOF) { // else the reason comes with the receiving end
			return err
		}
		reply, err := stream.CloseAndRecv()
		switch {
		case err != nil:
			return err
		case reply.Error != nil:
			return l.refused(op, reply.Error)
		}
		info = reply.Transport
		return nil
	})
	return info, err
}
