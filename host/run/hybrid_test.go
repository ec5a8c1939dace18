package run

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// pupil is the annealed Langevin bridge that has to learn its step size first, by counting to it.
type pupil struct {
	smc.Transport
	make  func(step float64) (smc.Transport, error)
	steps int    // learned
	kill  func() // called at half the training; may be nil
}

const lessons = 40

func (p *pupil) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	of := t.MaxSteps
	if of == 0 {
		of = lessons
	}
	if len(t.Pilot) > 0 && t.Pilot[len(t.Pilot)-1].Beta != 1 {
		return nil, errors.New("the pilot does not reach the target")
	}
	p.steps = 0
	if t.Resume != nil {
		p.steps = int(binary.LittleEndian.Uint64(t.Resume))
	}
	for p.steps < of {
		if p.steps == of/2 && p.kill != nil {
			p.kill()
		}
		checkpoint, stop := t.Ask()
		if checkpoint && t.Checkpoint != nil {
			if err := t.Checkpoint(binary.LittleEndian.AppendUint64(nil, uint64(p.steps))); err != nil {
				return nil, err
			}
		}
		if stop {
			return &smc.Learned{Steps: p.steps, StoppedEarly: true, Reason: "told to"}, nil
		}
		p.steps++
		t.Report(smc.TrainReport{Phase: "count", Step: p.steps, Of: of, Loss: float64(of - p.steps), Metrics: map[string]float64{"ess": 0.5}})
	}
	return &smc.Learned{Steps: p.steps, Used: smc.Evals{Gradient: int64(10 * p.steps)}, Warnings: []string{"it only counted"}}, ctx.Err()
}

func (p *pupil) Backward(ctx context.Context, k int, in, out *smc.Particles, logRatio []float64, status []targets.Status, key rng.Key) error {
	return p.Transport.(smc.Backward).Backward(ctx, k, in, out, logRatio, status, key)
}

func (p *pupil) Save() ([]smc.File, error) {
	return []smc.File{{Name: "steps", Data: binary.LittleEndian.AppendUint64(nil, uint64(p.steps))}}, nil
}

func (p *pupil) Load(files []smc.File) error {
	p.steps = int(binary.LittleEndian.Uint64(files[0].Data))
	var err error
	p.Transport, err = p.make(0.002 * float64(p.steps))
	return err
}

// opener makes the bridge, or a pupil of it, in this process.
func opener(learns bool, kill func()) func(context.Context, *config.Run, plugin.TargetSource, Watch) (*carrier, error) {
	return func(_ context.Context, c *config.Run, source plugin.TargetSource, _ Watch) (*carrier, error) {
		make := func(step float64) (smc.Transport, error) {
			text, err := json.Marshal(map[string]any{"method": "ula", "steps": 64, "segments": 4, "step": step, "reference": map[string]any{"scale": 4}})
			if err != nil {
				return nil, err
			}
			return method.New(sdk.Env{Config: text, Target: source.Density}, diffusion.Methods())
		}
		t, err := make(0.05)
		if learns && err == nil {
			t = &pupil{Transport: t, make: make, kill: kill}
		}
		return &carrier{Transport: t, facts: plugin.Facts{Name: "bridge", Source: "built-in"}, close: func() error { return nil }}, err
	}
}

const hybridFile = `
seed = 3
[target]
use = "gmm9"
[reference]
use = "normal"
scale = 5
[sampler]
particles = 512
islands = 2
[sampler.transport]
use = "diffusion"
[sampler.transport.pilot]
particles = 256
`

// TestHybridFromFileToSummary: pilot, training, decision, sample, and what is said of them.
func TestHybridFromFileToSummary(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var said, parts []string
	last := 0.0
	o := Options{open: opener(true, nil), Say: func(s string) { said = append(said, s) }, Progress: func(p Progress) {
		if p.Fraction < last-1e-9 || p.Fraction > 1+1e-9 {
			t.Errorf("progress of %v after %v: %s", p.Fraction, last, p.Detail)
		}
		last = p.Fraction
		if n := len(parts); n == 0 || parts[n-1] != p.Part {
			parts = append(parts, p.Part)
		}
	}}
	sum, err := Start(context.Background(), readRun(t, hybridFile), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(parts, " "); got != "pilot train decide sample" {
		t.Errorf("progress of %s", got)
	}
	if len(sum.Plan) != 4 || !slices.Equal(said[2:], sum.Transport.Decided) || !strings.HasPrefix(said[0], "pilot: ") || !strings.HasPrefix(said[1], "trained: 40 steps") {
		t.Errorf("said %q, plan %+v", said, sum.Plan)
	}
	if off := math.Abs(float64(sum.Error.LogZDeviation)); off > 5 {
		t.Errorf("log Z %v ± %v, %v standard errors off", sum.LogZ, sum.LogZSE, off)
	}
	var names []string
	var total record.Evals
	for _, p := range sum.Phases {
		names = append(names, p.Name)
		total.Density += p.Evals.Density
		total.Gradient += p.Evals.Gradient
		if p.Seconds <= 0 || p.Evals == (record.Evals{}) {
			t.Errorf("phase %+v", p)
		}
	}
	if got := strings.Join(names, " "); got != "pilot train decide sample" || total != sum.Evals {
		t.Errorf("phases %s of %+v evaluations, %+v in all", got, total, sum.Evals)
	}
	if sum.Transport == nil || sum.Transport.Steps != lessons || sum.Transport.Artefact == "" {
		t.Errorf("transport %+v", sum.Transport)
	}
	if b := sum.Beside; b == nil || b.Run || b.PerEval <= 0 || !strings.Contains(b.Text, "as the pilot foretells it") {
		t.Errorf("beside %+v", b)
	}
	if m := sum.Modes; m == nil || m.Of != 9 || m.Found != 9 || m.TotalVariation > 0.2 {
		t.Errorf("modes %+v", m)
	}
	codes := map[string]bool{}
	for _, f := range sum.Findings {
		codes[f.Code] = true
	}
	if !codes["training"] || !codes["log-z-unbiased"] {
		t.Errorf("findings %v", sum.Findings)
	}
	for _, all := range []bool{false, true} {
		v, err := Verify(context.Background(), dir, all, Options{open: opener(true, nil)})
		if err != nil || !v.Same {
			t.Errorf("verify, all %v: %+v, %v", all, v, err)
		}
	}
	// The artefact serves another run, which does not train.
	c := readRun(t, hybridFile+"[sampler.transport.train]\nmax_steps = 3\n")
	c.Sampler.Population.Transport.Artefact = dir
	again, err := Start(context.Background(), c, filepath.Join(t.TempDir(), "run"), Options{open: opener(true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if again.LogZ != sum.LogZ || again.Transport.Artefact != sum.Transport.Artefact || len(again.Phases) != 3 {
		t.Errorf("with the artefact log Z %v, phases %+v; want %v", again.LogZ, again.Phases, sum.LogZ)
	}
	// Unless somebody has laid hands on it.
	if err := os.WriteFile(filepath.Join(dir, artefactFolder, "steps"), []byte("12345678"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(context.Background(), c, filepath.Join(t.TempDir(), "run"), Options{open: opener(true, nil)}); err == nil || !strings.Contains(err.Error(), "not those that its manifest lists") {
		t.Errorf("a changed artefact: %v", err)
	}
}

// TestBesideAtTheSameCost: tempering beside takes about as many evaluations as the run, on a target whose walls call for finer
// moves that the pilot did without. Particles reckoned from the pilot's evaluations alone would take more than twice as many.
func TestBesideAtTheSameCost(t *testing.T) {
	text := strings.NewReplacer(`use = "diffusion"`, "use = \"diffusion\"\nbeside = true", "gmm9", "many_well_d5_m5_delta4", "particles = 256", "particles = 1024").Replace(hybridFile)
	sum, err := Start(context.Background(), readRun(t, text), filepath.Join(t.TempDir(), "run"), Options{open: opener(true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	spent := func(e record.Evals) float64 { return float64(e.Density + e.Gradient) }
	if ratio := spent(sum.Beside.Evals) / spent(sum.Evals); ratio < 0.6 || ratio > 1.6 {
		t.Errorf("beside took %.2f of the run's evaluations", ratio)
	}
}

// TestHybridResumes: stopped in the pilot, the training, the decision and the sample, and gone on with, the run ends in
// the same digest.
func TestHybridResumes(t *testing.T) {
	text := hybridFile + "[sampler.transport.train]\nmax_steps = 30\n"
	text = strings.Replace(text, `use = "diffusion"`, "use = \"diffusion\"\nbeside = true", 1)
	want, err := Start(context.Background(), readRun(t, text), filepath.Join(t.TempDir(), "run"), Options{open: opener(true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if want.Beside == nil || !want.Beside.Run || want.Beside.Particles < fewBeside {
		t.Fatalf("beside %+v", want.Beside)
	}
	for _, part := range []string{"tempered", phaseTrain, phaseDecide, "island-1", "island-0"} {
		ctx, cancel := context.WithCancelCause(context.Background())
		dir := filepath.Join(t.TempDir(), "run")
		stop := func() { cancel(fmt.Errorf("stopped in %s", part)) }
		o := Options{open: opener(true, nil), Progress: func(p Progress) {
			if p.Part == part || strings.HasPrefix(p.Detail, part) {
				stop()
			}
		}}
		sum, err := Start(ctx, readRun(t, text), dir, o)
		cancel(nil)
		var stopped *Interrupted
		if !errors.As(err, &stopped) || sum.Status != record.StatusInterrupted {
			t.Fatalf("stopped in %s: %v", part, err)
		}
		got, err := Resume(context.Background(), dir, Options{open: opener(true, nil)})
		if err != nil {
			t.Fatalf("resumed from %s: %v", part, err)
		}
		if got.Digest != want.Digest || got.Beside.LogZ != want.Beside.LogZ {
			t.Errorf("stopped in %s: digest %s, want %s", part, got.Digest, want.Digest)
		}
	}
}

// TestSecondsBecomeSteps, once, and are in the run file from then on.
func TestSecondsBecomeSteps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := readRun(t, hybridFile+"[sampler.transport.train]\nmax_seconds = 1e-3\n")
	if _, err := Start(context.Background(), c, dir, Options{open: opener(true, nil)}); err != nil {
		t.Fatal(err)
	}
	again, err := config.Read(filepath.Join(dir, record.RunFile))
	if err != nil {
		t.Fatal(err)
	}
	if k := again.Sampler.Population.Transport.Train; k.MaxSeconds != 0 || k.MaxSteps < 1 {
		t.Errorf("resolved to %+v", k)
	}
}

// TestTransportThatDoesNotLearn needs no training, and an artefact for it is a mistake.
func TestTransportThatDoesNotLearn(t *testing.T) {
	sum, err := Start(context.Background(), readRun(t, hybridFile), filepath.Join(t.TempDir(), "run"), Options{open: opener(false, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Phases) != 3 || math.Abs(float64(sum.Error.LogZDeviation)) > 5 {
		t.Errorf("phases %+v, log Z %v ± %v", sum.Phases, sum.LogZ, sum.LogZSE)
	}
	c := readRun(t, hybridFile)
	c.Sampler.Population.Transport.Artefact = "x"
	_, err = Start(context.Background(), c, filepath.Join(t.TempDir(), "run"), Options{open: opener(false, nil)})
	if err == nil || !strings.Contains(err.Error(), "which does not learn") {
		t.Errorf("an artefact: %v", err)
	}
	_, err = Start(context.Background(), c, filepath.Join(t.TempDir(), "run"), Options{open: opener(true, nil)})
	if err == nil || !strings.Contains(err.Error(), "no artefact in") {
		t.Errorf("an artefact that is not there: %v", err)
	}
}

// TestAssumedReferenceOfTransports: what was assumed about the reference is told of whatever starts there.
func TestAssumedReferenceOfTransports(t *testing.T) {
	for _, test := range []struct{ pilot, starts string }{
		{"max_evaluations = 1e6", "so the pilot starts at a normal distribution"},
		{"skip = true", ""}, // the transport brings its own
	} {
		text := strings.NewReplacer("[reference]\nuse = \"normal\"\nscale = 5\n", "", "particles = 512", "particles = 128", "particles = 256", test.pilot).Replace(hybridFile)
		sum, err := Start(context.Background(), readRun(t, text), filepath.Join(t.TempDir(), "run"), Options{open: opener(false, nil)})
		if err != nil {
			t.Fatal(err)
		}
		told := ""
		for _, f := range sum.Findings {
			if f.Code == codeAssumed {
				told = f.Text
			}
		}
		if (told == "") != (test.starts == "") || !strings.Contains(told, test.starts) {
			t.Errorf("%s: told %q, want %q", test.pilot, told, test.starts)
		}
	}
}

// TestTraining alone: evaluated between its bounds, stopped and gone on with to the same bytes.
func TestTraining(t *testing.T) {
	text := hybridFile + "[sampler.transport.train]\nmax_steps = 45\nevaluate = 1000\n"
	dir := filepath.Join(t.TempDir(), "whole")
	want, err := Train(context.Background(), readRun(t, text), dir, Options{open: opener(true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	low, mid, high := float64(want.LogZLower), float64(want.LogZ), float64(want.LogZUpper)
	if !(low < mid && mid < high) || low > 0 || high < 0 || math.Abs(mid) > 5*float64(want.LogZSE) {
		t.Errorf("log Z %v ± %v between %v and %v, known to be 0", mid, want.LogZSE, low, high)
	}
	if want.DeltaLogZ != record.Float(-low) || !(want.ESS > 0.05 && want.ESS < 1) || !(want.ESSForward > 0 && want.ESSForward < 1) || !(want.DeltaStd > 0 && want.DeltaStd < 1) || !(want.W2 > want.W2Floor) {
		t.Errorf("evaluation %+v", want)
	}
	if f, err := os.Open(want.Picture); err != nil {
		t.Error(err)
	} else if size, err := png.DecodeConfig(f); err != nil || size.Height < 300 || size.Width < 2*size.Height {
		t.Errorf("picture of %d by %d dots, %v", size.Width, size.Height, err)
	}
	if want.Modes == nil || want.Modes.Found != 9 || want.Iterations != 45 || want.Seconds.Total <= 0 {
		t.Errorf("evaluation %+v", want)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	dir = filepath.Join(t.TempDir(), "stopped")
	o := Options{open: opener(true, func() { cancel(errors.New("enough")) })}
	var stopped *Interrupted
	if _, err := Train(ctx, readRun(t, text), dir, o); !errors.As(err, &stopped) {
		t.Fatalf("stopped: %v", err)
	}
	view, err := record.Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := view.Checkpoints(trainStream); err != nil || len(have) == 0 {
		t.Errorf("checkpoints %v, %v", have, err)
	}
	got, err := ResumeTraining(context.Background(), dir, Options{open: opener(true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != want.Hash || got.LogZ != want.LogZ || got.LogZUpper != want.LogZUpper {
		t.Errorf("gone on with: %+v, want %+v", got, want)
	}
	if again, err := ResumeTraining(context.Background(), dir, Options{}); err != nil || again.Hash != got.Hash {
		t.Errorf("done already: %+v, %v", again, err)
	}
}

// TestHybridOnTheFly: without a frozen plan every island decides for itself, and the run says what that costs.
func TestHybridOnTheFly(t *testing.T) {
	text := strings.Replace(hybridFile, "islands = 2", "islands = 2\nfreeze = false", 1)
	sum, err := Start(context.Background(), readRun(t, text), filepath.Join(t.TempDir(), "run"), Options{open: opener(false, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Phases) != 2 || sum.Phases[1].Name != phaseSample || sum.Phases[1].Seconds >= sum.Seconds.Total || len(sum.Plan) == 0 {
		t.Errorf("phases %+v, plan %+v", sum.Phases, sum.Plan)
	}
	if sum.Findings[0].Code != "log-z-consistent" {
		t.Errorf("findings %+v", sum.Findings)
	}
}
