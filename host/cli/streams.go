package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Streams is what a command reads and writes, and what it needs to know of the terminal.
type Streams struct {
	Out, Err io.Writer
	Terminal bool // Err is a terminal
	Width    int  // of the terminal, in columns
}

// Std is the process's own streams.
func Std() Streams {
	s := Streams{Out: os.Stdout, Err: os.Stderr, Width: 80}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) && os.Getenv("TERM") != "dumb" {
		s.Terminal = true
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			s.Width = w
		}
	}
	return s
}

// say writes a line to the error stream, where everything goes that is not a result.
func (s Streams) say(format string, args ...any) { fmt.Fprintf(s.Err, format+"\n", args...) }

// results is standard output that remembers its first failure, so that a report nobody could write is no success.
type results struct {
	io.Writer
	err error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("write the results: %w", err)
	}
	return n, err
}
