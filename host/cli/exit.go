package cli

import (
	"errors"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/host/run"
)

// The exit codes, a contract with scripts.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // the command line or the run file
	exitPlugin      = 3 // a plugin failed
	exitInterrupted = 4 // stopped by a signal or a full disk; `sampan resume` goes on with a run that has begun
)

// usageError is a mistake on the command line that kong cannot see.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// stoppedEarly says that a signal came before there was a run folder, or to a command that has none.
type stoppedEarly struct{ cause error }

func (e *stoppedEarly) Error() string {
	return fmt.Sprintf("stopped before anything was written: %v", e.cause)
}
func (e *stoppedEarly) Unwrap() error { return e.cause }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		conf  *config.Error
		usage *usageError
		parse *kong.ParseError
		plug  *plugin.Error
		stop  *run.Interrupted
		early *stoppedEarly
		taken *record.ExistsError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &stop), errors.As(err, &early):
		return exitInterrupted
	case errors.As(err, &conf), errors.As(err, &usage), errors.As(err, &parse), errors.As(err, &taken):
		return exitUsage
	case errors.As(err, &plug):
		return exitPlugin
	}
	return exitFailed
}
