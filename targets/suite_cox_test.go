package targets_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sampan-mc/sampan/targets/targettest"
)

func TestSuiteOnCoxProcess(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "points.csv")
	if err := os.WriteFile(file, []byte("x,y\n0.1,0.2\n0.15,0.9\n0.6,0.25\n0.61,0.3\n0.99,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]map[string]any{
		"white": {"grid": int64(5)}, "latent": {"grid": int64(3), "whitened": false, "mean": 0.5, "range": 0.2},
		"rotated": {"grid": int64(2), "rotation": int64(1)},
	} {
		t.Run(name, func(t *testing.T) {
			config["csv"], config["window"] = file, []any{0.0, 1.0, 0.0, 1.0}
			targettest.Check(t, build(t, "cox-process", config), targettest.Options{})
		})
	}
}
