package sdk

import (
	"errors"
	"fmt"
	"io"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/smc"
)

// learner is the transport of that handle, if it learns.
func (s *server) learner(handle uint64) (*instance, smc.Learner, error) {
	in, err := s.transport(handle)
	if err != nil {
		return nil, nil, err
	}
	l, ok := in.transport.(smc.Learner)
	if !ok {
		return nil, nil, fmt.Errorf("%s has nothing to learn", in.transport.Info().Name)
	}
	return in, l, nil
}

// Save sends the artefact, file after file.
func (t *transportServer) Save(m *pb.SaveRequest, stream pb.Transport_SaveServer) error {
	refuse := func(e *pb.CallError) error { return stream.Send(&pb.SaveEvent{Event: &pb.SaveEvent_Error{Error: e}}) }
	in, l, err := t.s.learner(m.Handle)
	if err != nil {
		return refuse(invalid(err))
	}
	in.exclusive.RLock()
	defer in.exclusive.RUnlock()
	var files []smc.File
	if failed := guard(func() (err error) {
		files, err = l.Save()
		return err
	}); failed != nil {
		return refuse(failed.message())
	}
	for _, f := range files {
		err := wire.SendBlob(f.Name, f.Data, func(b *pb.Blob) error {
			return stream.Send(&pb.SaveEvent{Event: &pb.SaveEvent_Blob{Blob: b}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Load takes an artefact back.
func (t *transportServer) Load(stream pb.Transport_LoadServer) error {
	refuse := func(e *pb.CallError) error { return stream.SendAndClose(&pb.LoadReply{Error: e}) }
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	in, l, err := t.s.learner(m.GetHandle())
	if err != nil {
		return refuse(invalid(err))
	}
	var files []smc.File
	var blob wire.Blob
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		piece := m.GetBlob()
		if piece == nil {
			return refuse(invalid(errors.New("after the handle come pieces of files")))
		}
		name, data, done, err := blob.Add(piece)
		if err != nil {
			return refuse(invalid(err))
		}
		if done {
			files = append(files, smc.File{Name: name, Data: data})
		}
	}
	if !blob.Between() {
		return refuse(invalid(errors.New("the last file came in part")))
	}
	in.exclusive.Lock()
	defer in.exclusive.Unlock()
	if failed := guard(func() error { return l.Load(files) }); failed != nil {
		return refuse(failed.message())
	}
	info, _ := wire.FromTransport(in.transport)
	return stream.SendAndClose(&pb.LoadReply{Transport: info})
}
