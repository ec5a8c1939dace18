package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A checkpoint, or a block of draws, is a file of
//
//	magic, 8 bytes ‖ version, uint32 ‖ length of the header, uint32 ‖ header, JSON ‖ SHA-256 of header and payload ‖ payload
//
// with little-endian integers.
const (
	magic   = "SAMPANCK"
	version = 1
)

type header struct {
	Stream string `json:"stream"`
	Index  int    `json:"index"`
	Size   int    `json:"size"` // of the payload
}

const fixedPart = len(magic) + 4 + 4

// errTorn says that a file is not what was written; it is passed over.
var errTorn = errors.New("torn or damaged")

func frame(stream string, index int, payload []byte) (head []byte, err error) {
	text, err := json.Marshal(header{stream, index, len(payload)})
	if err != nil {
		return nil, err
	}
	head = append(head, magic...)
	head = binary.LittleEndian.AppendUint32(head, version)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	head = append(head, text...)
	h := sha256.New()
	h.Write(text)
	h.Write(payload)
	return h.Sum(head), nil
}

// unframe returns the payload of a file. The error Is errTorn if the file is damaged; a file of another version is not.
func unframe(b []byte, stream string, index int) ([]byte, error) {
	if len(b) < fixedPart || string(b[:len(magic)]) != magic {
		return nil, errTorn
	}
	if v := binary.LittleEndian.Uint32(b[len(magic):]); v != version {
		return nil, fmt.Errorf("format version is %d, accepted is %d", v, version)
	}
	n := int(binary.LittleEndian.Uint32(b[len(magic)+4:]))
	b = b[fixedPart:]
	if n > len(b)-sha256.Size {
		return nil, errTorn
	}
	text, sum, payload := b[:n], b[n:n+sha256.Size], b[n+sha256.Size:]
	h := sha256.New()
	h.Write(text)
	h.Write(payload)
	if !bytes.Equal(h.Sum(nil), sum) {
		return nil, errTorn
	}
	var head header
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, errTorn
	}
	if head.Stream != stream || head.Index != index || head.Size != len(payload) {
		return nil, fmt.Errorf("it holds number %d of stream %q", head.Index, head.Stream)
	}
	return payload, nil
}

func (v View) streamDir(stream string) string {
	return filepath.Join(v.dir, checkpointFolder, stream)
}

func checkpointName(index int) string { return strconv.Itoa(index) + ".ckpt" }

func blockName(index int) string { return "block-" + strconv.Itoa(index) + ".bin" }

// save writes a framed file of the stream.
func (f *Folder) save(stream, name string, index int, payload []byte) error {
	if stream == "" || strings.ContainsAny(stream, `/\`) || stream[0] == '.' {
		return fmt.Errorf("stream %q: a name without slashes is accepted", stream)
	}
	dir := f.streamDir(stream)
	if err := makeDir(dir); err != nil {
		return err
	}
	head, err := frame(stream, index, payload)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, name), head, payload)
}

// load reads a framed file of the stream.
func (v View) load(stream, name string, index int) ([]byte, error) {
	path := filepath.Join(v.streamDir(stream), name)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	payload, err := unframe(b, stream, index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return payload, nil
}

// SaveCheckpoint writes snapshot index of a stream. The one before it is kept, so that the last stage can be run again
// and so that there is one to fall back on; earlier ones are removed.
func (f *Folder) SaveCheckpoint(stream string, index int, payload []byte) error {
	if err := f.save(stream, checkpointName(index), index, payload); err != nil {
		return err
	}
	have, err := f.Checkpoints(stream)
	if err != nil {
		return err
	}
	at := slices.Index(have, index)
	for _, old := range have[:max(0, at-1)] {
		if err := os.Remove(filepath.Join(f.streamDir(stream), checkpointName(old))); err != nil {
			return err
		}
	}
	return nil
}

// Checkpoints returns the indices of the snapshots of a stream, ascending, sound or not.
func (v View) Checkpoints(stream string) ([]int, error) {
	entries, err := os.ReadDir(v.streamDir(stream))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".ckpt"); ok {
			if index, err := strconv.Atoi(name); err == nil {
				out = append(out, index)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// Streams returns the names of the streams that have anything saved, sorted.
func (v View) Streams() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(v.dir, checkpointFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// LoadCheckpoint returns the newest sound snapshot of a stream; ok is false if there is none. Damaged ones are passed
// over, each with an event "checkpoint-damaged" if the folder is open for writing.
func (v View) LoadCheckpoint(stream string) (index int, payload []byte, ok bool, err error) {
	have, err := v.Checkpoints(stream)
	if err != nil {
		return 0, nil, false, err
	}
	for _, index := range slices.Backward(have) {
		payload, err := v.load(stream, checkpointName(index), index)
		if err == nil {
			return index, payload, true, nil
		}
		if !errors.Is(err, errTorn) {
			return 0, nil, false, err
		}
		if v.note != nil {
			v.note("checkpoint-damaged", Fields{"stream": stream, "index": index, "error": err.Error()})
		}
	}
	return 0, nil, false, nil
}

// LoadCheckpointAt returns snapshot index of a stream. The error Is fs.ErrNotExist if it is not kept.
func (v View) LoadCheckpointAt(stream string, index int) ([]byte, error) {
	return v.load(stream, checkpointName(index), index)
}

// SaveBlock writes block index, from 0, of the draws of a stream. A resumed run writes blocks again that the snapshot it
// starts from did not know of, with the same content.
func (f *Folder) SaveBlock(stream string, index int, payload []byte) error {
	return f.save(stream, blockName(index), index, payload)
}

// Blocks returns blocks 0 … n−1 of a stream; one that is missing or damaged is an error.
func (v View) Blocks(stream string, n int) ([][]byte, error) {
	out := make([][]byte, n)
	for i := range out {
		var err error
		if out[i], err = v.load(stream, blockName(i), i); err != nil {
			return nil, err
		}
	}
	return out, nil
}
