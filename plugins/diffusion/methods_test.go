package diffusion

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

func made(t *testing.T, config string) (smc.Transport, error) {
	t.Helper()
	target, err := targets.New("gmm9", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return method.New(sdk.Env{Target: target, Config: json.RawMessage(config)}, Methods())
}

// TestMethods: each method is made with its defaults, and learns; likewise from scratch, by losses of whole paths.
func TestMethods(t *testing.T) {
	for _, config := range []string{
		`{"method": "pis"}`, `{"method": "dis"}`, `{"method": "dds"}`,
		`{"method": "pis", "std": "fixed"}`, `{"method": "dis", "start": "scratch"}`, `{"method": "pis", "loss": "kl"}`,
		`{"method": "dis", "form": "continuous", "std": "fixed"}`, `{"method": "pis", "loss": "regression", "std": "fixed", "polish": 10}`,
		`{"method": "dds", "noise": "linear"}`, `{"method": "dis", "noise": "constant", "std": "fixed", "grid": "refined"}`, `{"method": "cmcd", "noise": "vp", "grid": "geometric"}`,
		`{"method": "pis", "loss": "vargrad", "explore": 1.5, "home": 0.25}`, `{"method": "bridge", "start": "pilot", "explore": 2, "home": 0.5}`,
		`{"method": "pis", "net": "ridge+mlp"}`, `{"method": "mcd", "net": "potential"}`, `{"method": "scld", "net": "potential"}`,
		`{"method": "mcd"}`, `{"method": "cmcd"}`, `{"method": "bridge"}`, `{"method": "cmcd", "start": "scratch", "learn_schedule": false, "loss": "sub-tb"}`,
		`{"method": "scld"}`, `{"method": "craft"}`, `{"method": "scld", "start": "scratch", "schedule": "learned", "loss": "trajectory-balance"}`,
	} {
		tr, err := made(t, config)
		if err != nil {
			t.Errorf("%s: %v", config, err)
			continue
		}
		if _, ok := tr.(smc.Learner); !ok {
			t.Errorf("%s does not learn", config)
		}
	}
}

// TestFaults: values that are not accepted are told with those that are.
func TestFaults(t *testing.T) {
	for config, want := range map[string]string{
		`{"method": "pit"}`:                                                             "pis",
		`{"method": "pis", "start": "warm"}`:                                            `"pilot", "scratch"`,
		`{"method": "pis", "loss": "l2"}`:                                               `"log-variance"`,
		`{"method": "pis", "batch": 100}`:                                               "multiple of 64",
		`{"method": "pis", "loss": "regression", "start": "scratch"}`:                   `"pilot"`,
		`{"method": "dis", "loss": "regression", "form": "continuous", "std": "fixed"}`: `"kernel"`,
		`{"method": "pis", "std": "fixed", "polish": 10}`:                               "regression",
		`{"method": "pis", "form": "continuous", "std": "fixed"}`:                       "form",
		`{"method": "pis", "stride": 10}`:                                               "stride",
		`{"method": "cmcd", "drift": "none"}`:                                           "bridge alone",
		`{"method": "mcd", "frame": "white"}`:                                           "frame",
		`{"method": "pis", "steps": 0}`:                                                 "1 to 65536",
		`{"method": "pis", "explore": 2}`:                                               "takes them as given",
		`{"method": "pis", "loss": "kl", "explore": 2}`:                                 "up to 10 with a loss that takes paths as given",
		`{"method": "cmcd", "explore": 0}`:                                              "1 or more",
		`{"method": "pis", "loss": "vargrad", "explore": 0}`:                            "1 or more",
		`{"method": "pis", "loss": "vargrad", "start": "scratch", "home": 0.5}`:         `up to 1 with start "pilot"`,
		`{"method": "cmcd", "net": "cnn"}`:                                              `"ridge+mlp"`,
		`{"method": "dis", "noise": "pink"}`:                                            `"constant", "linear", "cosine", "vp"`,
		`{"method": "dis", "noise": "linear", "grid": "geometric"}`:                     "other grids",
		`{"method": "bridge", "noise": "linear", "grid": "geometric"}`:                  "other grids",
		`{"method": "scld", "steps": 64, "blocks": 5}`:                                  "divisor",
		`{"method": "craft", "buffer": "prioritised"}`:                                  `"none"`,
	} {
		if _, err := made(t, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, wanted a word of %s", config, err, want)
		}
	}
}
