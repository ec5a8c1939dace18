//go:build unix

package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary play a host that is killed, or that runs out of room.
func TestMain(m *testing.M) {
	if role := os.Getenv("SAMPAN_TEST_ROLE"); role != "" {
		if err := roles[role](os.Getenv("SAMPAN_TEST_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var roles = map[string]func(dir string) error{
	"hold":  hold,
	"write": writeForever,
	"full":  runOutOfSpace,
}

// child starts this binary in a role.
func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SAMPAN_TEST_ROLE="+role, "SAMPAN_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// hold takes the lock, says so and waits to be killed, or for the end of its input. (Waiting for nothing at all, a program
// without other goroutines is ended by the runtime, and its lock is gone.)
func hold(dir string) error {
	f, err := Create(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Println("held")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// payloadOf is the snapshot that writeForever saves under index, large enough to be torn.
func payloadOf(index int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("snapshot %d;", index), 20000))
}

// writeForever saves snapshots and events, saying the index of each snapshot that is safe, until it is killed.
func writeForever(dir string) error {
	f, err := Create(dir)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := f.SaveCheckpoint("island-0", i, payloadOf(i)); err != nil {
			return err
		}
		if err := f.Event("stage", Fields{"index": i, "text": strings.Repeat("x", 5000)}); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// runOutOfSpace saves one snapshot, then meets a limit on the size of files, as on a full disk, in each kind of write.
func runOutOfSpace(dir string) error {
	f, err := Create(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.SaveCheckpoint("s", 0, []byte("small")); err != nil {
		return err
	}
	limit := unix.Rlimit{Cur: 4096, Max: unix.RLIM_INFINITY}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	large := make([]byte, 1<<20)
	values := make([]float64, 1<<16)
	for what, write := range map[string]func() error{
		"checkpoint": func() error { return f.SaveCheckpoint("s", 1, large) },
		"file":       func() error { return f.WriteFile(RunFile, large) },
		"event":      func() error { return f.Event("big", Fields{"text": strings.Repeat("x", 1<<16)}) },
		"draws":      func() error { return f.WriteDraws(&Draws{Params: scalar("x"), Posterior: [][]float64{values}}) },
	} {
		err := write()
		var full *OutOfSpaceError
		if !errors.As(err, &full) {
			return fmt.Errorf("%s: error is %v, want an OutOfSpaceError", what, err)
		}
	}
	return f.Event("after", nil) // there is room for little things still
}
