package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// OutOfSpaceError says that a write failed for lack of room. The file is as it was before.
type OutOfSpaceError struct {
	Path string
	Err  error
}

func (e *OutOfSpaceError) Error() string {
	return fmt.Sprintf("no room to write %s: %v; free some space and resume the run", e.Path, e.Err)
}

func (e *OutOfSpaceError) Unwrap() error { return e.Err }

// outOfSpace turns an error of the operating system that means lack of room into an *OutOfSpaceError.
func outOfSpace(path string, err error) error {
	for _, full := range spaceErrors {
		if errors.Is(err, full) {
			return &OutOfSpaceError{path, err}
		}
	}
	return err
}

// unfinished marks files and folders that are being written.
const unfinished = ".unfinished"

// writeFile writes path by way of a file beside it: write, flush to disk, rename, flush the folder.
func writeFile(path string, parts ...[]byte) (err error) {
	defer func() { err = outOfSpace(path, err) }()
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(dir, name+".*"+unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	for _, p := range parts {
		if _, err := f.Write(p); err != nil {
			return err
		}
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// makeDir makes a folder and sees to it that it is on disk.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return outOfSpace(dir, err)
	}
	return syncDir(filepath.Dir(dir))
}

// sweep removes what a killed process left unfinished.
func sweep(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(e.Name(), unfinished) {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if e.IsDir() {
			return filepath.SkipDir
		}
		return nil
	})
}
