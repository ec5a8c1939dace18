package plugin

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// household is what the processes of one plugin share: the thread they are forked from, the folder of their sockets, and
// the guard that clears up if this process is killed.
type household struct {
	forks   chan func()
	gone    chan struct{} // closed when the forking goroutine has ended
	sockets *socketDir
	guard   *guard
}

func newHousehold() (*household, error) {
	sockets, err := newSocketDir()
	if err != nil {
		return nil, err
	}
	h := &household{forks: make(chan func()), gone: make(chan struct{}), sockets: sockets}
	// Linux ends a child when the thread that forked it ends (golang.org/issue/27505). So all children are forked from one
	// goroutine that keeps a thread to itself for as long as there can be children.
	go func() {
		defer close(h.gone)
		runtime.LockOSThread()
		for fork := range h.forks {
			fork()
		}
	}()
	h.guard = startGuard(sockets.path)
	return h, nil
}

// start starts cmd from the forking thread, as the leader of a process group that the guard knows.
func (h *household) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttributes()
	started := make(chan error, 1)
	h.forks <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return err
	}
	h.guard.add(cmd.Process.Pid)
	return nil
}

// ended ends what is left of the process group that pid led.
func (h *household) ended(pid int) {
	killGroup(pid)
	h.guard.remove(pid)
}

// close is called when all processes have ended.
func (h *household) close() error {
	close(h.forks)
	<-h.gone
	return errors.Join(h.guard.close(), h.sockets.close())
}

// pipes makes the three pipes of a child: those ends that the child gets, and those that stay.
type pipes struct {
	childIn, childOut, childErr *os.File
	in, out, err                *os.File
}

func newPipes() (p *pipes, err error) {
	p = &pipes{}
	if p.childIn, p.in, err = os.Pipe(); err == nil {
		if p.out, p.childOut, err = os.Pipe(); err == nil {
			p.err, p.childErr, err = os.Pipe()
		}
	}
	if err != nil {
		p.closeChild()
		p.closeOurs()
	}
	return p, err
}

func (p *pipes) closeChild() { closeAll(p.childIn, p.childOut, p.childErr) }
func (p *pipes) closeOurs()  { closeAll(p.in, p.out, p.err) }

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
