package zoo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// learner learns the shift: the average of the target's gradient at random points around the mean of the pilot's last
// level.
type learner struct {
	*mover
	fault   func() error // shows itself once, after the first checkpoint
	forgets bool
}

// lesson is where a training stands, and the artefact.
type lesson struct {
	Step  int
	Key   uint64
	Shift []float64
}

func (l *learner) Train(ctx context.Context, t *smc.Training) (*smc.Learned, error) {
	at := lesson{Key: t.Key.Uint64(), Shift: make([]float64, len(l.shift))}
	if t.Resume != nil {
		if err := json.Unmarshal(t.Resume, &at); err != nil {
			return nil, err
		}
	}
	d, steps := len(l.shift), t.MaxSteps
	if steps == 0 {
		steps = 200
	}
	centre := make([]float64, d)
	if k := len(t.Pilot); k > 0 {
		last := t.Pilot[k-1]
		for i, x := range last.X {
			centre[i%d] += x / float64(last.N)
		}
	}
	b := targets.NewBatch(4, d, targets.LogP|targets.Grad)
	out := &smc.Learned{}
	saved := t.Resume != nil
	for ; at.Step < steps; at.Step++ {
		checkpoint, stop := false, false
		if t.Ask != nil {
			checkpoint, stop = t.Ask()
		}
		for l.fault != nil && !saved && !checkpoint && at.Step == steps/2 { // it shows itself after a checkpoint
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			time.Sleep(time.Millisecond)
			checkpoint, stop = t.Ask()
		}
		if checkpoint {
			saved = true
			copyOf := at
			if l.forgets {
				copyOf.Key = 0
			}
			state, err := json.Marshal(copyOf)
			if err != nil {
				return nil, err
			}
			if err := t.Checkpoint(state); err != nil {
				return nil, err
			}
		}
		if stop {
			out.StoppedEarly, out.Reason = true, "asked to"
			break
		}
		if l.fault != nil && saved && at.Step == steps/2+1 && !l.config.disarmed() {
			fmt.Fprintln(os.Stderr, "the loss is gone")
			return nil, l.fault()
		}
		for i := range b.N {
			x := b.X[i*d : (i+1)*d]
			rng.KeyFromUint64(at.Key).Normals(x, uint32(i), uint32(at.Step), 0)
			for j := range x {
				x[j] += centre[j]
			}
		}
		if err := evalHalves(ctx, l.target, b); err != nil {
			return nil, err
		}
		for i, g := range b.Grad {
			at.Shift[i%d] += (g - at.Shift[i%d]) / float64(4*at.Step+i/d+1)
		}
		if t.Report != nil {
			t.Report(smc.TrainReport{Phase: "match", Step: at.Step + 1, Of: steps, Loss: b.LogP[0], Metrics: map[string]float64{"ess": 0.5}})
		}
	}
	copy(l.shift, at.Shift)
	out.Steps, out.Used.Gradient = at.Step, int64(4*at.Step)
	out.Warnings = []string{"it is only a toy"}
	return out, nil
}

func (l *learner) Save() ([]smc.File, error) {
	text, err := json.Marshal(lesson{Shift: l.shift})
	return []smc.File{{Name: "shift.json", Data: text}, {Name: "empty.txt"}}, err
}

func (l *learner) Load(files []smc.File) error {
	if len(files) != 2 || files[0].Name != "shift.json" {
		return fmt.Errorf("%d files found; accepted: shift.json and empty.txt", len(files))
	}
	var at lesson
	if err := json.Unmarshal(files[0].Data, &at); err != nil {
		return err
	}
	copy(l.shift, at.Shift)
	return nil
}
