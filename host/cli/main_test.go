package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary every program of these tests: itself by default, sampan and the plugins by the name it
// is started under. As its own child it serves built-in targets, as sampan does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "plugin" && os.Args[2] == "serve" {
		os.Exit(Main(os.Args[1:], Std()))
	}
	commands := map[string]func(){
		"sampan": sampanMain,
		"ragged": raggedMain,
		"faulty": faultyMain,
		"pupil":  pupilMain,

		"scholar": scholarMain,
	}
	if f := commands[filepath.Base(os.Args[0])]; f != nil {
		f()
	}
	os.Setenv("GORACE", noSleep)
	testscript.Main(m, commands)
}

// noSleep keeps the race detector from sleeping a second at the end of each of the many processes.
const noSleep = "atexit_sleep_ms=0"

// TestScripts runs the scripts in testdata/script, one file a subject.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			for _, name := range []string{"ragged", "faulty", "pupil"} {
				if err := os.Symlink(self, filepath.Join(env.WorkDir, name)); err != nil {
					return err
				}
			}
			for _, name := range []string{"GOMODCACHE", "GOCACHE"} { // the scripts' home is empty
				dir, err := exec.Command("go", "env", name).Output()
				if err == nil {
					env.Setenv(name, strings.TrimSpace(string(dir)))
				}
			}
			env.Setenv("GORACE", noSleep)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
			env.Setenv("SAMPAN_PYTHON", os.Getenv("SAMPAN_PYTHON"))
			env.Setenv("SAMPAN_PLUGIN_PATH", "")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "has-python" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return hasPython(), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"json": jsonCmd},
	})
}
