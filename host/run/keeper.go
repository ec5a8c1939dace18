package run

import (
	"sync"
	"time"

	"github.com/sampan-mc/sampan/host/record"
)

// spacing is the least time between two snapshots of a stream on disk. Flushing a file takes as long as a whole stage of
// a cheap target; what a kill can lose by it is this much work.
const spacing = 250 * time.Millisecond

// keeper puts the snapshots of a population run on disk, no more often than spacing. What it holds back it writes at
// the end of the run, however that ends. The last two stages lie side by side on disk, so that the step between them can be
// verified.
type keeper struct {
	folder  *record.Folder
	mu      sync.Mutex
	streams map[string]*keptStream
}

type keptStream struct {
	last, before snapshotAt
	written      time.Time // of the newest on disk
	newest       int       // its index; −1 if there is none
}

type snapshotAt struct {
	index int
	bytes []byte // nil: none
}

func newKeeper(folder *record.Folder) *keeper {
	return &keeper{folder: folder, streams: map[string]*keptStream{}}
}

func (k *keeper) stream(name string) *keptStream {
	s := k.streams[name]
	if s == nil {
		s = &keptStream{newest: -1}
		k.streams[name] = s
	}
	return s
}

func (k *keeper) save(name string, index int, snapshot []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.stream(name)
	s.before, s.last = s.last, snapshotAt{index, snapshot}
	if time.Since(s.written) < spacing {
		return nil
	}
	return k.write(name, s)
}

// write brings the disk up to date with the stream.
func (k *keeper) write(name string, s *keptStream) error {
	for _, snap := range []snapshotAt{s.before, s.last} {
		if snap.bytes == nil || snap.index <= s.newest {
			continue
		}
		if err := k.folder.SaveCheckpoint(name, snap.index, snap.bytes); err != nil {
			return err
		}
		s.newest, s.written = snap.index, time.Now()
	}
	return nil
}

// load returns the newest sound snapshot of a stream.
func (k *keeper) load(name string) (int, []byte, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	index, snapshot, ok, err := k.folder.LoadCheckpoint(name)
	if ok && err == nil {
		s := k.stream(name)
		s.newest, s.last = index, snapshotAt{index, snapshot}
	}
	return index, snapshot, ok, err
}

// flush writes what is held back. Of several failures it returns the first.
func (k *keeper) flush() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var first error
	for name, s := range k.streams {
		if err := k.write(name, s); first == nil {
			first = err
		}
	}
	return first
}
