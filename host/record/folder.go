package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Names in a run folder.
const (
	RunFile       = "run.toml"
	TrainFile     = "train.toml" // in place of RunFile where a transport is trained and no more
	PluginsFile   = "plugins.json"
	EventsFile    = "events.jsonl"
	SummaryFile   = "summary.json"
	DrawsFolder   = "draws.zarr"
	FailureFolder = "failures"

	checkpointFolder = "checkpoints"
	lockFile         = "lock"
)

// View reads a run folder, whether or not a run is writing to it.
type View struct {
	dir  string
	note func(kind string, fields Fields) // told of torn files that are passed over; may be nil
}

// Folder is a run folder open for writing. Its methods are safe for concurrent use.
type Folder struct {
	View
	lock   *os.File
	mu     sync.Mutex
	events *os.File
}

// ExistsError says that a new run was to be written where there is something already.
type ExistsError struct{ Dir string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s exists already and is not empty; give another folder, or resume the run in it", e.Dir)
}

// InUseError says that another process is writing to the folder.
type InUseError struct {
	Dir string
	PID int // 0 if the other did not leave it
}

func (e *InUseError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("%s is in use by process %d; wait for it or stop it first", e.Dir, e.PID)
}

// Create makes the folder of a new run, and its parents. The folder may exist if it is empty; otherwise the error is an
// *ExistsError. The caller closes the Folder.
func Create(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	if empty, err := isEmpty(dir); err != nil || !empty {
		if err == nil {
			err = &ExistsError{dir}
		}
		return nil, err
	}
	f, err := take(dir)
	if err != nil {
		return nil, err
	}
	return f, f.Event("created", nil)
}

// Open opens the folder of an earlier run for going on with it: it takes the lock, mends what a kill left torn, and
// throws away files that were not finished.
func Open(dir string) (*Folder, error) {
	if err := isRun(dir); err != nil {
		return nil, err
	}
	return take(dir)
}

// Look opens a run folder for reading.
func Look(dir string) (View, error) {
	return View{dir: dir}, isRun(dir)
}

func isRun(dir string) error {
	_, err := os.Stat(filepath.Join(dir, EventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not a run folder: it holds no %s", dir, EventsFile)
	}
	return err
}

func isEmpty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockFile {
			return false, nil
		}
	}
	return true, err
}

// take locks the folder and opens its events.
func take(dir string) (*Folder, error) {
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{View: View{dir: dir}, lock: lock}
	torn, err := f.openEvents()
	if err == nil {
		err = sweep(dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	f.note = func(kind string, fields Fields) { _ = f.Event(kind, fields) } // the caller learns of it by what is returned
	if torn > 0 {
		if err := f.Event("events-repaired", Fields{"bytes_dropped": torn}); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Close gives the lock back.
func (f *Folder) Close() error {
	var err error
	if f.events != nil {
		err = f.events.Close()
	}
	return errors.Join(err, release(f.lock))
}

// Dir returns the path of the folder.
func (v View) Dir() string { return v.dir }

// Path returns the path of something in the folder.
func (v View) Path(name string) string { return filepath.Join(v.dir, name) }

// ReadFile returns the content of a file of the folder.
func (v View) ReadFile(name string) ([]byte, error) { return os.ReadFile(v.Path(name)) }

// WriteFile writes a file of the folder, in one piece: whoever reads it finds the old content or the new.
func (f *Folder) WriteFile(name string, data []byte) error { return writeFile(f.Path(name), data) }

// SaveFailure keeps data, such as a point that killed a plugin, under failures/ and returns its path. Data of the same
// name is kept beside it, under a number.
func (f *Folder) SaveFailure(name string, data []byte) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir := f.Path(FailureFolder)
	if err := makeDir(dir); err != nil {
		return "", err
	}
	ext := filepath.Ext(name)
	path := filepath.Join(dir, name)
	for i := 2; ; i++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, writeFile(path, data)
		}
		path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext))
	}
}

// Fields are what an event tells beside its time and kind. Floating-point values take the form of Float.
type Fields map[string]any

// Event is a line of events.jsonl.
type Event struct {
	Time   time.Time       `json:"time"`
	Kind   string          `json:"kind"`
	Fields json.RawMessage `json:"fields,omitempty"`
}
