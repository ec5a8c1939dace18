package phi4

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sampan-mc/sampan/host/record"
)

// The environment that `make tables-phi4` sets.
const (
	envPage = "SAMPAN_PHI4"      // the page to write; the picture and the outcomes lie beside it
	envOnly = "SAMPAN_PHI4_ONLY" // new: only what is not on file; page: nothing, the page is written anew; empty: all
)

// estimate is a value with its standard error.
type estimate struct{ Value, SE float64 }

// outcome is what a run gave.
type outcome struct {
	Method      string
	LogZ        estimate // nought of chains
	ESS         float64  // fraction
	Decided     []string `json:",omitempty"`
	Observables map[string]estimate
	Evaluations int64
	CPU         float64 // seconds, of all processes
}

// tempered tells whether the run gave its learned path up.
func (o *outcome) tempered() bool {
	return slices.ContainsFunc(o.Decided, func(d string) bool { return strings.Contains(d, "replaced by") })
}

// TestPhi4 runs only where SAMPAN_PHI4 names the page to write; it takes some minutes.
func TestPhi4(t *testing.T) {
	page := os.Getenv(envPage)
	if page == "" {
		t.Skip("set " + envPage + " to the page to write, as `make tables-phi4` does")
	}
	if !filepath.IsAbs(page) {
		page = filepath.Join("..", "..", "..", page)
	}
	file := strings.TrimSuffix(page, ".md") + ".json"
	have := map[string]*outcome{}
	only := os.Getenv(envOnly)
	if only != "" {
		if err := read(file, &have); err != nil {
			t.Fatal(err)
		}
	}
	once := func(name string, work func() (*outcome, error)) {
		if have[name] != nil || only == "page" {
			return
		}
		o, err := work()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		have[name] = o
		t.Logf("%s: log Z %.4f ± %.4f, %.0f s", name, o.LogZ.Value, o.LogZ.SE, o.CPU)
		if err := write(file, have); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range extents {
		for _, k := range append(append([]float64{}, kappas...), between...) {
			p := point{l, k}
			once("chains "+p.String(), func() (*outcome, error) { return work("hmc", p.chains()) })
			if _, ok := references[p]; ok {
				once(p.String(), func() (*outcome, error) { return work(p.method(), p.population()) })
			}
		}
	}
	for p, r := range references {
		if o := have[p.String()]; o != nil && math.Abs(o.LogZ.Value-r.logZ) > 3*o.LogZ.SE+p.tolerance() {
			t.Errorf("%s: log Z %.4f ± %.4f, want %.4f ± %.4g", p, o.LogZ.Value, o.LogZ.SE, r.logZ, p.tolerance())
		}
	}
	if err := os.WriteFile(page, table(have, filepath.Base(strings.TrimSuffix(page, ".md"))), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := draw(strings.TrimSuffix(page, ".md")+".svg", have); err != nil {
		t.Fatal(err)
	}
}

func read(file string, into any) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func write(file string, from any) error {
	text, err := json.MarshalIndent(from, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func (p point) target() string {
	return fmt.Sprintf("seed = 1\ntarget = {use = \"phi4\", config = {extents = [%d, %d], kappa = %g}}\n", p.extent, p.extent, p.kappa)
}

// chains is the run file of a long run of HMC. In the ordered phase a chain keeps its sign, which none of the observables
// but the magnetisation tells.
func (p point) chains() string {
	return p.target() + "[sampler]\nuse = \"hmc\"\nchains = 8\nwarmup = 300\ndraws = 2000\n"
}

// method is that of the transport.
func (p point) method() string {
	if p.extent == 4 {
		return "logce"
	}
	return "pis"
}

// population is the run file of a learned sampler in SMC.
func (p point) population() string {
	text := p.target() + fmt.Sprintf("reference = {use = \"normal\", scale = %g}\n", p.scale()) +
		"[sampler]\nuse = \"smc\"\nparticles = 2048\nislands = 4\n[sampler.transport]\nuse = \"diffusion\"\n" +
		fmt.Sprintf("[sampler.transport.config]\nmethod = %q\n", p.method())
	if p.method() == "logce" {
		return text + "train_steps = 150\n"
	}
	return text + "[sampler.transport.train]\nmax_steps = 400\n[sampler.transport.pilot]\nparticles = 2048\n"
}

// scale is the standard deviation of the reference: wide enough for both signs of an ordered lattice.
func (p point) scale() float64 {
	if p.kappa >= 0.3 {
		return 2
	}
	return 1
}

// binary is what `make build` builds.
var binary = filepath.Join("..", "..", "..", "build", "sampan")

// work runs a run file.
func work(method, text string) (*outcome, error) {
	dir, err := os.MkdirTemp("", "phi4")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "run.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "run", path, "--out", filepath.Join(dir, "run"), "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	var sum record.Summary
	if err := json.Unmarshal(stdout, &sum); err != nil {
		return nil, err
	}
	return outcomeOf(&sum, method, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()), nil
}

func outcomeOf(sum *record.Summary, method string, cpu time.Duration) *outcome {
	o := &outcome{
		Method: method, ESS: float64(sum.ESSFraction), Observables: map[string]estimate{},
		Evaluations: sum.Evals.Density + sum.Evals.Gradient, CPU: cpu.Seconds(),
	}
	if method != "hmc" {
		o.LogZ = estimate{float64(sum.LogZ), float64(sum.LogZSE)}
	}
	if sum.Transport != nil {
		o.Decided = sum.Transport.Decided
	}
	for _, q := range sum.Observables {
		o.Observables[q.Name] = estimate{float64(q.Value), float64(q.SE)}
	}
	return o
}
