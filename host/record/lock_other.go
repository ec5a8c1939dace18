//go:build !unix

package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// spaceErrors are the errors that mean lack of room: Windows' ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
var spaceErrors = []error{syscall.Errno(112), syscall.Errno(39)}

// acquire makes the lock file, which holds the process number, or fails if it is there. Without advisory locks a
// process that was killed leaves it behind, and the message says so.
func acquire(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		text, _ := os.ReadFile(path)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, fmt.Errorf("%w (if that process is gone, delete %s)", &InUseError{dir, pid}, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	return f, err
}

func release(f *os.File) error {
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// syncDir does nothing where folders cannot be flushed.
func syncDir(string) error { return nil }
