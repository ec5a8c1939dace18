package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sampan-mc/sampan/smc/diag"
)

// SummarySchema names the form of Summary. Keys may be added to it; none is renamed or changes its meaning.
const SummarySchema = "sampan.summary.v1"

// The values of Summary.Status.
const (
	StatusDone        = "done"
	StatusFailed      = "failed"
	StatusInterrupted = "interrupted" // resumable
)

// Summary is summary.json, the results of a run. What does not apply is null or absent.
type Summary struct {
	Schema  string `json:"schema"`
	Version string `json:"version"` // of Sampan
	Status  string `json:"status"`
	Message string `json:"message,omitempty"` // why, unless the run is done
	Seed    uint64 `json:"seed"`
	Target  string `json:"target"`
	Sampler string `json:"sampler"`
	Digest  string `json:"digest"` // of everything that must not depend on workers, restarts and resumes

	LogZ         Float       `json:"log_z"`
	LogZSE       Float       `json:"log_z_se"` // the headline among LogZErrors
	LogZMethod   string      `json:"log_z_method,omitempty"`
	LogZInterval *Interval   `json:"log_z_interval,omitempty"`
	LogZErrors   []LogZError `json:"log_z_errors"`
	Ancestors    *Ancestors  `json:"ancestors,omitempty"`
	Islands      []Island    `json:"islands,omitempty"`

	ESS         Float `json:"ess"`
	ESSFraction Float `json:"ess_fraction"` // of the particles or draws
	ParetoK     Float `json:"pareto_k"`     // of the worst stage

	Modes     *Modes     `json:"modes,omitempty"`
	Transport *Transport `json:"transport,omitempty"`
	Plan      []Decision `json:"plan,omitempty"`   // what was decided about the transport's segments
	Phases    []Phase    `json:"phases,omitempty"` // what they cost, of a run with a transport
	Beside    *Beside    `json:"beside,omitempty"`

	Evals       Evals        `json:"evals"`
	Seconds     Seconds      `json:"seconds"`
	Variables   Variables    `json:"variables"`
	Observables []Observable `json:"observables,omitempty"` // of a target that names some
	Findings    []Finding    `json:"findings"`
	Warnings    []string     `json:"warnings"`
	Error       *Error       `json:"error,omitempty"`
}

// Modes compares the draws with the known modes of the target.
type Modes struct {
	Of             int   `json:"of"`
	Found          int   `json:"found"`                   // with more than half of the draws that they should have
	TotalVariation Float `json:"total_variation"`         // ½ Σ |part of the draws − weight|
	Sampled        Float `json:"total_variation_sampled"` // of as many independent draws as the draws are worth, on average
}

// Transport is the one that the sampler used.
type Transport struct {
	Name     string `json:"name"`
	Artefact string `json:"artefact,omitempty"` // hash of what it learned
	Steps    int    `json:"steps,omitempty"`    // of its training
	Cuts     int    `json:"cuts"`
	// Decided is the plan in words, neighbouring segments of one verdict together.
	Decided []string `json:"decided"`
}

// Decision is what a pilot decided about neighbouring segments of a transport.
type Decision struct {
	First   int    `json:"first"` // segments, from 1
	Last    int    `json:"last"`
	Verdict string `json:"verdict"` // kept, refined or replaced
	ParetoK Float  `json:"pareto_k"`
	CESS    Float  `json:"cess"`
	Stages  int    `json:"stages"` // of tempering in place of the segments
	Why     string `json:"why"`
	Text    string `json:"text"` // all of it in words
}

// Phase is a part of a run with a transport: pilot, train, decide, sample or beside.
type Phase struct {
	Name    string `json:"name"`
	Evals   Evals  `json:"evals"`
	Seconds Float  `json:"seconds"`
}

// Beside compares the run with tempered SMC at as many evaluations of the target.
type Beside struct {
	Run       bool   `json:"run"`       // it was run; otherwise it is reckoned from the pilot
	Particles int    `json:"particles"` // in each island
	LogZ      Float  `json:"log_z"`
	LogZSE    Float  `json:"log_z_se"`
	Evals     Evals  `json:"evals"`
	Seconds   Float  `json:"seconds"`
	PerEval   Float  `json:"gain_per_evaluation"` // of the run over it, in 1/(variance of log Z · evaluations)
	PerSecond Float  `json:"gain_per_second"`     // the same by seconds
	Text      string `json:"text"`
}

// Interval is a central interval for log Z.
type Interval struct {
	Level Float `json:"level"`
	Low   Float `json:"low"`
	High  Float `json:"high"`
}

// LogZError is one estimate of the standard error of log Z.
type LogZError struct {
	Method  string `json:"method"`
	Value   Float  `json:"value"`
	Trusted bool   `json:"trusted"`
	Reason  string `json:"reason"`
	DF      Float  `json:"df"`
}

// LogZErrorsOf puts the estimates of package diag into their JSON form.
func LogZErrorsOf(errors []diag.LogZError) []LogZError {
	out := make([]LogZError, len(errors))
	for i, e := range errors {
		out[i] = LogZError{Method: e.Method, Value: Float(e.Value), Trusted: e.Trusted, Reason: e.Reason, DF: Float(e.DF)}
	}
	return out
}

// Ancestors counts the particles of stage 0 that still have descendants at the end, over all islands.
type Ancestors struct {
	Surviving int   `json:"surviving"`
	Of        int   `json:"of"`
	Effective Float `json:"effective"`
}

// Island is one independent population.
type Island struct {
	LogZ        Float `json:"log_z"`
	ESS         Float `json:"ess"`
	ParetoK     Float `json:"pareto_k"`
	Stages      int   `json:"stages"`
	Resamplings int   `json:"resamplings"`
	Ancestors   int   `json:"ancestors"`
}

// Evals counts evaluations of the target, one for each point, whoever asked for them.
type Evals struct {
	Density  int64 `json:"density"`
	Gradient int64 `json:"gradient"`
}

// Seconds tells where the time went. Target is time inside the target, Wire time on the way to it and back, Sampler the
// rest of Total.
type Seconds struct {
	Total   Float `json:"total"`
	Target  Float `json:"target"`
	Sampler Float `json:"sampler"`
	Wire    Float `json:"wire"`
}

// Finding is something a reader of the results should know.
type Finding struct {
	Code     string `json:"code"`
	Variable string `json:"variable,omitempty"`
	Text     string `json:"text"`
}

// Error compares the results with known answers of the target.
type Error struct {
	LogZ          Float  `json:"log_z"`           // estimate minus the known value
	LogZKnown     Float  `json:"log_z_known"`     // the known value
	LogZKnownSE   Float  `json:"log_z_known_se"`  // its standard error, 0 if exact
	LogZDeviation Float  `json:"log_z_deviation"` // LogZ over both standard errors combined
	MeanMax       Float  `json:"mean_max"`        // largest difference of a mean, in posterior standard deviations
	SDMax         Float  `json:"sd_max"`          // largest difference of a standard deviation, relative to it
	Source        string `json:"source"`          // where the known answers come from
}

// Variable is what is said of one scalar quantity.
type Variable struct {
	Name     string `json:"-"` // flat and zero-based: beta[0], L[1,0]
	Mean     Float  `json:"mean"`
	SD       Float  `json:"sd"`
	Q5       Float  `json:"q5"`
	Q50      Float  `json:"q50"`
	Q95      Float  `json:"q95"`
	ESSBulk  Float  `json:"ess_bulk"`
	ESSTail  Float  `json:"ess_tail"`
	Rhat     Float  `json:"rhat"`
	MCSEMean Float  `json:"mcse_mean"`
}

// VariableOf puts a summary of package diag into its JSON form. rhat is the one to show, since population samplers have
// another than chains.
func VariableOf(name string, s diag.Summary, rhat float64) Variable {
	return Variable{
		Name: name, Mean: Float(s.Mean), SD: Float(s.SD), Q5: Float(s.Q5), Q50: Float(s.Q50), Q95: Float(s.Q95),
		ESSBulk: Float(s.ESSBulk), ESSTail: Float(s.ESSTail), Rhat: Float(rhat), MCSEMean: Float(s.MCSEMean),
	}
}

// Observable is an estimate of a number that belongs to the distribution, not to a draw.
type Observable struct {
	Name  string `json:"name"`
	Value Float  `json:"value"`
	SE    Float  `json:"se"` // NaN: no steady estimate of it
}

// Variables is a JSON object of variables by name that keeps their order, which is the target's.
type Variables []Variable

// MarshalJSON implements json.Marshaler.
func (v Variables) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.Name)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(x)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(body)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Variables) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil {
		return err
	} else if open != json.Delim('{') {
		return fmt.Errorf("variables: found %v, accepted is an object", open)
	}
	*v = nil
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		x := Variable{Name: name.(string)}
		if err := dec.Decode(&x); err != nil {
			return fmt.Errorf("variable %s: %w", x.Name, err)
		}
		*v = append(*v, x)
	}
	return nil
}

// Encode returns the summary as it is written to summary.json and printed by run --json.
func (s *Summary) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // texts may hold < and &
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	return b.Bytes(), nil
}

// WriteSummary writes summary.json, in place of an earlier one.
func (f *Folder) WriteSummary(s *Summary) error {
	b, err := s.Encode()
	if err != nil {
		return err
	}
	return f.WriteFile(SummaryFile, b)
}

// Summary reads summary.json. An error that Is fs.ErrNotExist means that the run has not come to an end.
func (v View) Summary() (*Summary, error) {
	path := filepath.Join(v.dir, SummaryFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Summary{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Schema != SummarySchema {
		return nil, fmt.Errorf("%s: schema is %q, accepted is %q", path, s.Schema, SummarySchema)
	}
	return s, nil
}
