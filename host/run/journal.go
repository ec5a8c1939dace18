package run

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
)

// journal takes the events of plugins and what they print, which start before there is a run folder to write them to and
// come from many goroutines.
type journal struct {
	mu     sync.Mutex
	folder *record.Folder
	held   []entry
	failed error
}

type entry struct {
	kind   string
	fields record.Fields
}

func (j *journal) event(e plugin.Event) {
	j.add(entry{string(e.Kind), record.Fields{"plugin": e.Plugin, "worker": e.Worker, "pid": e.PID, "text": e.Text}})
}

// log keeps a line that a plugin printed, and passes it on.
func (s *session) log(l plugin.LogLine) {
	s.journal.add(entry{"plugin_log", record.Fields{"plugin": l.Plugin, "worker": l.Worker, "level": l.Level, "text": l.Text}})
	if s.options.Log != nil {
		s.options.Log(l)
	}
}

func (j *journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.folder == nil {
		j.held = append(j.held, e)
		return
	}
	j.write(e)
}

func (j *journal) write(e entry) {
	if err := j.folder.Event(e.kind, e.fields); j.failed == nil {
		j.failed = err
	}
}

// open writes what was held, and from now on everything at once.
func (j *journal) open(folder *record.Folder) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.folder = folder
	for _, e := range j.held {
		j.write(e)
	}
	j.held = nil
	return j.failed
}

// err is the first failure to write.
func (j *journal) err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

// saveBadPoint keeps a point that kills the plugin under failures/. A verification, which only reads the folder, does not.
func (s *session) saveBadPoint(p plugin.BadPoint) (string, error) {
	if s.folder == nil {
		return "", nil
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return "", fmt.Errorf("a point that kills the plugin: %w", err)
	}
	return s.folder.SaveFailure("point.json", append(text, '\n'))
}
