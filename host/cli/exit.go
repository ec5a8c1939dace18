package cli

import (
	"errors"

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
	exitInterrupted = 4 // stopped by a signal or a full disk; `sampan resume` goes on
)

// usageError is a mistake on the command line that kong cannot see.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		conf  *config.Error
		usage *usageError
		parse *kong.ParseError
		plug  *plugin.Error
		stop  *run.Interrupted
		taken *record.ExistsError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &stop):
		return exitInterrupted
	case errors.As(err, &conf), errors.As(err, &usage), errors.As(err, &parse), errors.As(err, &taken):
		return exitUsage
	case errors.As(err, &plug):
		return exitPlugin
	}
	return exitFailed
}
