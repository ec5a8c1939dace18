package wire

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
)

const (
	// pieceBytes is the size of a piece of a file on the wire.
	pieceBytes = 1 << 20
	// maxBlob is the largest file or checkpoint that is accepted.
	maxBlob = 4 << 30
)

// SendBlob sends data under a name, piece by piece. Data of length nought is one piece.
func SendBlob(name string, data []byte, send func(*pb.Blob) error) error {
	sum := sha256.Sum256(data)
	for at := 0; at == 0 || at < len(data); at += pieceBytes {
		piece := data[at:min(at+pieceBytes, len(data))]
		if err := send(&pb.Blob{Name: name, Offset: uint64(at), Total: uint64(len(data)), Sha256: sum[:], Data: piece}); err != nil {
			return err
		}
	}
	return nil
}

// Blob puts a blob together again. The zero value is ready for the first piece of one, and ready for the next after the
// last.
type Blob struct {
	name  string
	sum   []byte
	total uint64
	data  []byte
	begun bool
}

// Add takes the next piece. With the last one it is done, and name and data are those of the whole.
func (b *Blob) Add(m *pb.Blob) (name string, data []byte, done bool, err error) {
	if !b.begun {
		if m.Total > maxBlob {
			return "", nil, false, fmt.Errorf("%q has %d bytes, accepted are at most %d", m.Name, m.Total, uint64(maxBlob))
		}
		*b = Blob{name: m.Name, sum: bytes.Clone(m.Sha256), total: m.Total, begun: true}
	}
	switch have := uint64(len(b.data)); {
	case m.Name != b.name || m.Total != b.total || !bytes.Equal(m.Sha256, b.sum):
		return "", nil, false, fmt.Errorf("a piece of %q (%d bytes) came within %q (%d bytes)", m.Name, m.Total, b.name, b.total)
	case m.Offset != have || uint64(len(m.Data)) > b.total-have || len(m.Data) == 0 && b.total > 0:
		return "", nil, false, fmt.Errorf("%q: %d bytes at %d came where %d of %d were there", b.name, len(m.Data), m.Offset, have, b.total)
	}
	b.data = append(b.data, m.Data...)
	if uint64(len(b.data)) < b.total {
		return "", nil, false, nil
	}
	if sum := sha256.Sum256(b.data); !bytes.Equal(sum[:], b.sum) {
		return "", nil, false, fmt.Errorf("%q arrived damaged: its checksum is %x, wanted %x", b.name, sum, b.sum)
	}
	name, data = b.name, b.data
	*b = Blob{}
	return name, data, true, nil
}

// Between reports that no blob is under way.
func (b *Blob) Between() bool { return !b.begun }
