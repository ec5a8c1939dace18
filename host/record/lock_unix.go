//go:build unix

package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// spaceErrors are the errors that mean lack of room: disk full, quota used up, file larger than allowed.
var spaceErrors = []error{unix.ENOSPC, unix.EDQUOT, unix.EFBIG}

// acquire takes the lock of the folder, an advisory lock that the system gives back if the process dies, and leaves the
// process number in the file. Children do not inherit it.
func acquire(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		text, _ := os.ReadFile(path)
		f.Close()
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, &InUseError{dir, pid}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, outOfSpace(path, err))
	}
	return f, nil
}

// release gives the lock back. The file stays: removing it could take away the lock of a process that has just opened it.
func release(f *os.File) error {
	return errors.Join(f.Truncate(0), f.Close())
}

// syncDir flushes a folder, so that a rename in it is on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
