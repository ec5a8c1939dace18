package learn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/diffusion/space"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/nn/safetensors"
)

// place is where a training stands, in the metadata of a checkpoint.
type place struct {
	Method    string         `json:"method"`
	Steps     int            `json:"steps"` // Problem.Steps
	Phase     int            `json:"phase"`
	Step      int            `json:"step"`
	Done      int            `json:"done"`
	Started   bool           `json:"started"`
	Densities int64          `json:"densities"`
	Gradients int64          `json:"gradients"`
	Loss      float64        `json:"loss"`
	Counts    map[string]int `json:"counts"`
}

const placeKey = "sampan.training"

// checkpoint is all that goes into resuming: the state, the parameters, and what the phases keep.
func (r *run) checkpoint() []byte {
	at := place{r.plan.Name(), r.problem.Steps, r.phase, r.step, r.done, r.started, r.densities.Load(), r.gradients.Load(), finiteOr0(r.loss), map[string]int{}}
	var f safetensors.File
	f.Tensors = stateTensors(r.state)
	f.Tensors = append(f.Tensors, safetensors.New("theta", []int{len(r.program.Params.Theta)}, r.program.Params.Theta))
	r.kept(func(name string, v []float32) {
		f.Tensors = append(f.Tensors, safetensors.New(name, []int{len(v)}, v))
	}, func(name string, n *int) { at.Counts[name] = *n })
	text, _ := json.Marshal(at)
	f.Metadata = map[string]string{placeKey: string(text)}
	var b bytes.Buffer
	safetensors.Write(&b, &f) // a Buffer takes everything
	return b.Bytes()
}

func finiteOr0(x float64) float64 {
	if bad(x) {
		return 0
	}
	return x
}

// kept visits what the phases keep, in an order of their own.
func (r *run) kept(vector func(name string, v []float32), count func(name string, n *int)) {
	for i, p := range r.program.Phases {
		for _, name := range slices.Sorted(maps.Keys(p.Keeps)) {
			vector(fmt.Sprintf("phase.%d.%s", i, name), p.Keeps[name])
		}
		for _, name := range slices.Sorted(maps.Keys(p.Counts)) {
			count(fmt.Sprintf("phase.%d.%s", i, name), p.Counts[name])
		}
	}
}

// restore takes a checkpoint up.
func (r *run) restore(data []byte) error {
	f, err := safetensors.Read(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	var at place
	if err := json.Unmarshal([]byte(f.Metadata[placeKey]), &at); err != nil {
		return fmt.Errorf("checkpoint: where it stands cannot be read: %w", err)
	}
	if at.Method != r.plan.Name() {
		return fmt.Errorf("checkpoint: of a training of %q, this is %q", at.Method, r.plan.Name())
	}
	if r.state, err = stateOf(f); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	r.problem.Steps = at.Steps
	if err := r.build(); err != nil {
		return err
	}
	faults := []error{fill(f, "theta", r.program.Params.Theta)}
	r.kept(func(name string, v []float32) { faults = append(faults, fill(f, name, v)) }, func(name string, n *int) { *n = at.Counts[name] })
	for _, err := range faults {
		if err != nil { // the others say the same
			return fmt.Errorf("checkpoint: of a training with another configuration: %w", err)
		}
	}
	r.program.Params.Refresh()
	r.phase, r.step, r.done, r.started, r.loss = at.Phase, at.Step, at.Done, at.Started, at.Loss
	r.densities.Store(at.Densities)
	r.gradients.Store(at.Gradients)
	return nil
}

func fill(f *safetensors.File, name string, dst []float32) error {
	t := f.Find(name)
	if t == nil || len(t.Shape) != 1 || t.Shape[0] != len(dst) {
		return fmt.Errorf("no tensor %q of %d values", name, len(dst))
	}
	return safetensors.Values(dst, t)
}

// stateTensors writes a state down: the frame in float64, and the facts.
func stateTensors(s *State) []safetensors.Tensor {
	f, d := s.Frame, s.Frame.Dim
	out := []safetensors.Tensor{
		safetensors.New("frame.mean", []int{d}, f.Mean), safetensors.New("frame.axes", []int{d, d}, f.B),
		safetensors.New("frame.active", []int{1}, []float64{float64(f.Active)}),
	}
	for _, name := range slices.Sorted(maps.Keys(s.Facts)) {
		out = append(out, safetensors.New("fact."+name, []int{len(s.Facts[name])}, s.Facts[name]))
	}
	return out
}

// stateOf reads a state.
func stateOf(f *safetensors.File) (*State, error) {
	read := func(name string) ([]float64, error) {
		t := f.Find(name)
		if t == nil {
			return nil, fmt.Errorf("no tensor %q", name)
		}
		n := 1
		for _, s := range t.Shape {
			n *= s
		}
		v := make([]float64, n)
		return v, safetensors.Values(v, t)
	}
	mean, err1 := read("frame.mean")
	axes, err2 := read("frame.axes")
	active, err3 := read("frame.active")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if len(axes) != len(mean)*len(mean) || len(active) != 1 {
		return nil, fmt.Errorf("a frame of %d coordinates with %d axes' values", len(mean), len(axes))
	}
	frame, err := space.NewFrame(mean, axes)
	if err != nil {
		return nil, err
	}
	frame.Active = int(active[0])
	s := &State{Frame: frame, Facts: map[string][]float32{}}
	for _, t := range f.Tensors {
		if name, ok := strings.CutPrefix(t.Name, "fact."); ok {
			v := make([]float32, t.Shape[0])
			if err := safetensors.Values(v, &t); err != nil {
				return nil, err
			}
			s.Facts[name] = v
		}
	}
	return s, nil
}

// Names of an artefact's files.
const (
	modelFile    = "model.safetensors"
	trainingFile = "training.json"
)

// Save gives the artefact: the served parameters, by the names of their layers, with the state, and how good they are.
func (l *Learner) Save() ([]smc.File, error) {
	if l.served == nil {
		return nil, errUntrained
	}
	f := safetensors.File{Tensors: append(nn.Export(l.layout, "net.", l.params), stateTensors(l.state)...), Metadata: map[string]string{"sampan.method": l.plan.Name()}}
	var b bytes.Buffer
	if err := safetensors.Write(&b, &f); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(l.result, "", "  ")
	if err != nil {
		return nil, err
	}
	return []smc.File{{Name: modelFile, Data: b.Bytes()}, {Name: trainingFile, Data: append(text, '\n')}}, nil
}

// Load takes an artefact of the same method and configuration.
func (l *Learner) Load(files []smc.File) error {
	i := slices.IndexFunc(files, func(f smc.File) bool { return f.Name == modelFile })
	if i < 0 {
		return fmt.Errorf("artefact: no file %s", modelFile)
	}
	f, err := safetensors.Read(bytes.NewReader(files[i].Data))
	if err != nil {
		return fmt.Errorf("artefact: %s: %w", modelFile, err)
	}
	if m := f.Metadata["sampan.method"]; m != l.plan.Name() {
		return fmt.Errorf("artefact: of method %q, this is %q", m, l.plan.Name())
	}
	s, err := stateOf(f)
	if err != nil {
		return fmt.Errorf("artefact: %s: %w", modelFile, err)
	}
	if s.Frame.Dim != l.problem.Dim {
		return fmt.Errorf("artefact: of a target with %d coordinates, this has %d", s.Frame.Dim, l.problem.Dim)
	}
	program, err := l.plan.Build(&l.problem, s)
	if err != nil {
		return err
	}
	theta := make([]float32, len(program.Params.Theta))
	if err := nn.Import(program.Layout, "net.", theta, f); err != nil {
		return fmt.Errorf("artefact: %s: %w", modelFile, err)
	}
	return l.serve(s, program.Layout, theta, program.Serve)
}
