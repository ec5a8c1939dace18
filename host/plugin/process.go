package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// process is one running plugin. Towards go-plugin it is a runner.Runner that shows it the handshake line and nothing
// else: all other output is dealt with here, at any length and whatever it holds, and an orphaned grandchild that keeps a
// pipe open delays nothing.
type process struct {
	house *household
	cmd   *exec.Cmd
	pipes *pipes
	out   *output

	handshakeR *io.PipeReader
	handshakeW *io.PipeWriter
	line       atomic.Pointer[string] // the first line of standard output, whatever it is

	mu       sync.Mutex
	pid      int  // 0: not started
	unwanted bool // killed, perhaps before it started

	exited chan struct{} // closed when the process has ended and its output is in
	how    string        // it ended; to be read after exited
}

// drain is how long the output of a process that has ended, and whose group has been killed, is waited for.
const drain = 200 * time.Millisecond

func newProcess(h *household, argv []string, dir string, env []string, log func(level, text string)) *process {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, env
	p := &process{house: h, cmd: cmd, out: &output{log: log}, exited: make(chan struct{})}
	p.handshakeR, p.handshakeW = io.Pipe()
	return p
}

// Start starts the process; see runner.Runner.
func (p *process) Start(context.Context) error {
	pipes, err := newPipes()
	if err != nil {
		return err
	}
	p.pipes = pipes
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = pipes.childIn, pipes.childOut, pipes.childErr
	p.mu.Lock()
	err = context.Canceled
	if !p.unwanted {
		err = p.house.start(p.cmd)
	}
	if err == nil {
		p.pid = p.cmd.Process.Pid
	}
	p.mu.Unlock()
	pipes.closeChild()
	if err != nil {
		pipes.closeOurs()
		return err
	}
	outputIn := make(chan struct{}, 2)
	go func() {
		p.out.read(pipes.out, p.handshake)
		outputIn <- struct{}{}
	}()
	go func() {
		p.out.read(pipes.err, nil)
		outputIn <- struct{}{}
	}()
	go p.wait(outputIn)
	return nil
}

// handshake passes the first line of standard output on to go-plugin.
func (p *process) handshake(line string) {
	p.line.Store(&line)
	_, _ = io.WriteString(p.handshakeW, clip(line, 4096)+"\n")
}

func (p *process) wait(outputIn <-chan struct{}) {
	err := p.cmd.Wait()
	p.house.ended(p.pid)
	p.how = "ended with exit status 0"
	if err != nil {
		p.how = "ended: " + err.Error()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() >= 0 {
			p.how = fmt.Sprintf("ended with exit status %d", exit.ExitCode())
		}
	}
	p.handshakeW.Close()
	timeout := time.After(drain)
	for n := 0; n < 2; {
		select {
		case <-outputIn:
			n++
		case <-timeout:
			p.pipes.closeOurs() // ends the readers
		}
	}
	p.pipes.closeOurs()
	close(p.exited)
}

// alive reports whether the process has not been seen to end.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// waitExit waits for the process's end, at most so long.
func (p *process) waitExit(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// kill ends the process and its group, and waits until that has happened; false if it takes too long, as for a process
// that hangs in the kernel.
func (p *process) kill() bool {
	_ = p.Kill(context.Background())
	return p.started() == 0 || p.waitExit(2*time.Second)
}

// started is the process's number, or 0 if it was not started.
func (p *process) started() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// The rest of runner.Runner.

func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

func (p *process) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unwanted = true
	if p.pid != 0 && p.alive() {
		killGroup(p.pid)
	}
	return nil
}

func (p *process) ID() string {
	if pid := p.started(); pid != 0 {
		return fmt.Sprint(pid)
	}
	return ""
}

func (p *process) Diagnose(context.Context) string { return "" }
func (p *process) Stdout() io.ReadCloser           { return p.handshakeR }
func (p *process) Stderr() io.ReadCloser           { return io.NopCloser(strings.NewReader("")) }
func (p *process) Name() string                    { return p.cmd.Path }

func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
