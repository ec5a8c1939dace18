// Package cli is the command line: it reads flags, calls the packages that do the work, and says what came of it.
//
// Results go to standard output, everything else to standard error. With --json the result is one JSON document, whose
// shape is a contract with scripts (docs/architecture.md).
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/sampan-mc/sampan/host/run"
)

type commands struct {
	Run     runCmd     `cmd:"" help:"Draw from a target, as a run file says."`
	Train   trainCmd   `cmd:"" help:"Train the transport of a run file, and keep what it learned."`
	Resume  resumeCmd  `cmd:"" help:"Go on with a run or a training that was interrupted."`
	Verify  verifyCmd  `cmd:"" help:"Do the last stage of a run again and compare it, bit for bit, and the results with the record."`
	Target  targetCmd  `cmd:"" help:"Look at target densities."`
	Plugin  pluginCmd  `cmd:"" help:"Look at plugins, or start writing one."`
	Bench   benchCmd   `cmd:"" help:"Measure what this machine does."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// Main runs the program with these arguments and returns its exit code.
func Main(args []string, std Streams) int {
	out := &results{Writer: std.Out}
	std.Out = out
	ctx, stop := interruptible(std)
	defer stop()
	var cmds commands
	exited := -1
	parser, err := kong.New(&cmds,
		kong.Name("sampan"),
		kong.Description("Draws from a density known up to a constant, and says how far the draws may be trusted."),
		kong.Writers(std.Out, std.Err),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		panic(err) // the commands struct is wrong: a programmer's mistake
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help was answered
		return exited
	}
	if err == nil {
		err = parsed.Run()
	}
	var stopped *run.Interrupted
	if err != nil && ctx.Err() != nil && !errors.As(err, &stopped) { // whatever failed then failed by it
		err = &stoppedEarly{context.Cause(ctx)}
	}
	if err == nil {
		err = out.err
	}
	code := exitCode(err)
	if err != nil {
		tell(std, err)
	}
	return code
}

// argument matches the arguments in kong's name of a command, "run <file>".
var argument = regexp.MustCompile(` <[^>]*>`)

// tell prints an error, and where to look for help if the command line was wrong.
func tell(std Streams, err error) {
	var parse *kong.ParseError
	for _, line := range strings.Split(err.Error(), "\n") {
		std.say("sampan: %s", line)
	}
	if errors.As(err, &parse) {
		std.say("sampan: `sampan %s` tells more", strings.TrimSpace(argument.ReplaceAllString(parse.Context.Command(), "")+" --help"))
	}
}

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP ends. The second one then does what it does to any
// process.
func interruptible(std Streams) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it, and means it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(fmt.Errorf("signal %v", s))
		case <-done:
		}
	}()
	return ctx, func() { signal.Stop(signals); close(done); cancel(nil) }
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the program's version, and that of the source it was built from where the build knows it.
func (c *versionCmd) Run(std Streams) error {
	revision, goVersion := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	if c.JSON {
		return printJSON(std.Out, map[string]string{"version": run.Version, "revision": revision, "go": goVersion})
	}
	text := "sampan " + run.Version
	if len(revision) >= 12 {
		text += " (" + revision[:12] + ")"
	}
	fmt.Fprintln(std.Out, text+", "+goVersion)
	return nil
}
