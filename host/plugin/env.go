package plugin

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// passed names the variables every plugin inherits; one that ends in * stands for all with that beginning.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
	"DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "XDG_*", "SAMPAN_*",
}

// windowsPassed are those without which hardly a program starts on Windows.
var windowsPassed = []string{"SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT", "COMSPEC"}

// threadVariables are what numerical libraries read the number of their threads from.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
	"NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
}

// environment is the whole environment of a plugin's process, sorted.
func environment(s *Spec, o Options) []string {
	env := map[string]string{"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
	for _, v := range threadVariables {
		env[v] = fmt.Sprint(o.Threads)
	}
	names := slices.Concat(passed, s.PassEnv, o.PassEnv)
	if runtime.GOOS == "windows" {
		names = append(names, windowsPassed...)
	}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		if slices.ContainsFunc(names, func(name string) bool {
			if start, ok := strings.CutSuffix(name, "*"); ok {
				return strings.HasPrefix(k, start)
			}
			return k == name || runtime.GOOS == "windows" && strings.EqualFold(k, name)
		}) {
			env[k] = v
		}
	}
	maps.Copy(env, o.Env)
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// interpreter finds Python: the run file's, SAMPAN_PYTHON's, or the first on PATH.
func interpreter(o Options) (string, error) {
	for _, c := range []struct{ name, from, folder string }{
		{o.Python, "python", o.Folder},
		{os.Getenv("SAMPAN_PYTHON"), "SAMPAN_PYTHON", ""},
	} {
		if c.name == "" {
			continue
		}
		path := c.name
		if strings.ContainsRune(path, filepath.Separator) && !filepath.IsAbs(path) {
			path = filepath.Join(c.folder, path)
		}
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("%s names the interpreter %q: %w", c.from, c.name, err)
		}
		return filepath.Abs(found)
	}
	for _, name := range []string{"python3", "python"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("no python3 or python on PATH; name one with python in the run file or with SAMPAN_PYTHON")
}
