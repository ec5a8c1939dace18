package sdk

import (
	"fmt"
	"runtime/debug"
	"strings"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
)

// failure is how a call into the component's code failed: its error, or the panic with the stack.
type failure struct {
	err   error
	stack string
}

func (f *failure) message() *pb.CallError {
	return &pb.CallError{Code: pb.CallError_CODE_FAILED, Message: f.err.Error(), Traceback: f.stack}
}

// guard calls f and turns a panic into a failure.
func guard(f func() error) (failed *failure) {
	defer func() {
		if r := recover(); r != nil {
			failed = &failure{fmt.Errorf("panic: %v", r), trim(string(debug.Stack()))}
		}
	}()
	if err := f(); err != nil {
		return &failure{err: err}
	}
	return nil
}

// trim leaves of a stack the frames of the component's own code: those between the panic and guard.
func trim(stack string) string {
	goroutine, frames, _ := strings.Cut(stack, "\n")
	if _, after, ok := strings.Cut(frames, "\npanic("); ok { // a frame is two lines
		_, after, _ = strings.Cut(after, "\n")
		_, frames, _ = strings.Cut(after, "\n")
	}
	frames, _, _ = strings.Cut(frames, "\ngithub.com/sampan-mc/sampan/plugins/sdk.guard(")
	return goroutine + "\n" + frames
}
