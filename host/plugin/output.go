package plugin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
)

const (
	ringBytes  = 64 << 10 // of a process's output that are kept for error messages
	pieceBytes = 64 << 10 // longer lines are cut
)

// output takes what a process prints, line by line: to the log, and its end to a buffer for error messages.
type output struct {
	log func(level, text string)

	mu   sync.Mutex
	kept []byte
}

// read takes r's lines until its end. The first goes to first, if that is not nil, and not to the log.
func (o *output) read(r io.Reader, first func(line string)) {
	br := bufio.NewReaderSize(r, pieceBytes)
	for {
		line, _, err := br.ReadLine()
		if err != nil {
			return
		}
		if first != nil {
			first(string(line))
			first = nil
			continue
		}
		o.add(line)
	}
}

func (o *output) add(line []byte) {
	level, text := parseLine(line)
	o.mu.Lock()
	o.kept = append(append(o.kept, text...), '\n')
	if len(o.kept) > 2*ringBytes {
		o.kept = append(o.kept[:0], o.kept[len(o.kept)-ringBytes:]...)
	}
	o.mu.Unlock()
	o.log(level, text)
}

// parseLine takes a structured line, a JSON object with @level and @message, apart. Any other is what it is.
func parseLine(line []byte) (level, text string) {
	if bytes.HasPrefix(line, []byte("{")) {
		var m struct {
			Level   *string `json:"@level"`
			Message *string `json:"@message"`
		}
		if json.Unmarshal(line, &m) == nil && m.Level != nil && m.Message != nil {
			switch *m.Level {
			case "trace", "debug", "info", "warn", "error":
				return *m.Level, *m.Message
			}
		}
	}
	return "info", string(line)
}

const (
	tracebackLines = 60
	tailLines      = 20
)

// tail is what a user should see of the output after a failure: the last traceback or panic if there is one, else the
// last lines.
func (o *output) tail() string {
	o.mu.Lock()
	text := string(o.kept[max(0, len(o.kept)-ringBytes):])
	o.mu.Unlock()
	text = strings.TrimRight(text, "\n")
	from := -1
	for _, mark := range []string{"Traceback (most recent call last)", "panic: ", "fatal error: "} {
		if i := strings.LastIndex("\n"+text, "\n"+mark); i > from {
			from = i
		}
	}
	if from >= 0 {
		lines := strings.Split(text[from:], "\n")
		if len(lines) > tracebackLines {
			lines = append(lines[:tracebackLines:tracebackLines], "...")
		}
		return strings.Join(lines, "\n")
	}
	lines := strings.Split(text, "\n")
	return clip(strings.Join(lines[max(0, len(lines)-tailLines):], "\n"), 4096)
}

// clip is the end of s, of at most n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}
