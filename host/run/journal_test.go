package run

import (
	"testing"

	"github.com/sampan-mc/sampan/host/plugin"
)

// A verification has no folder to write to; a point that kills the plugin there must not take the program along.
func TestBadPointWithoutFolder(t *testing.T) {
	if where, err := (&session{}).saveBadPoint(plugin.BadPoint{Plugin: "p"}); where != "" || err != nil {
		t.Errorf("saved as %q, %v", where, err)
	}
}
