package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// openEvents opens events.jsonl for appending and cuts off a last line without its end, returning its length.
func (f *Folder) openEvents() (torn int64, err error) {
	path := f.Path(EventsFile)
	f.events, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return 0, outOfSpace(path, err)
	}
	size, err := f.events.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	whole, err := lastLineEnd(f.events, size)
	if err != nil || whole == size {
		return 0, err
	}
	return size - whole, f.events.Truncate(whole)
}

// lastLineEnd returns the offset behind the last newline of the first size bytes.
func lastLineEnd(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 4096)
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := r.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// Event appends an event. It is not flushed to disk: it survives a kill of the process, and of the machine the last few
// may be lost.
func (f *Folder) Event(kind string, fields Fields) error {
	line := struct {
		Time   time.Time `json:"time"`
		Kind   string    `json:"kind"`
		Fields Fields    `json:"fields,omitempty"`
	}{time.Now().UTC(), kind, make(Fields, len(fields))}
	for k, v := range fields {
		line.Fields[k] = jsonable(v)
	}
	b, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	before, err := f.events.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := f.events.Write(append(b, '\n')); err != nil {
		err = outOfSpace(f.events.Name(), err)
		return errors.Join(err, f.events.Truncate(before)) // no half line before the next event
	}
	return nil
}

// jsonable gives floating-point values the form of Float.
func jsonable(v any) any {
	switch v := v.(type) {
	case float64:
		return Float(v)
	case []float64:
		return Floats(v)
	}
	return v
}

// Events reads events.jsonl. A last line without its end is being written, or was torn by a kill, and is left out.
func (v View) Events() ([]Event, error) {
	b, err := v.ReadFile(EventsFile)
	if err != nil {
		return nil, err
	}
	var out []Event
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		if !whole {
			return out, nil
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return out, fmt.Errorf("%s: line %d: %w", v.Path(EventsFile), n, err)
		}
		out = append(out, e)
		b = rest
	}
}
