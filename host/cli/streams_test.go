package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestUnwrittenResultsAreAFailure(t *testing.T) {
	var stderr bytes.Buffer
	if code := Main([]string{"version"}, Streams{Out: full{}, Err: &stderr}); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(stderr.String(), "write the results: no space left") {
		t.Errorf("standard error says %q", stderr.String())
	}
}
