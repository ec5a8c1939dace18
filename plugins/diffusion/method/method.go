// Package method says what a method of the diffusion plugin is: how it is named, configured and made for a problem. The
// methods themselves are the packages beside this one.
package method

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Method is one way of moving particles from the reference to the target.
type Method struct {
	Name    string
	Summary string // one line
	// Keys is a struct that holds the defaults of the method's own keys; its fields are named by json tags, and told of, in a
	// line, by doc tags. Users see it as a schema. nil: there are none.
	Keys any
	New  func(Problem) (smc.Transport, error)
}

// Problem is what a method is made for.
type Problem struct {
	Target    targets.Density // on the unconstrained scale; evaluated with the context of the work at hand, see sdk.Env
	Reference smc.Reference   // where the path starts, unless the method brings another
	Mean      []float64       // of the reference, Dim values
	Scale     []float64       // likewise its standard deviations
	Dim       int
	Folder    string // paths in the configuration are relative to it

	config map[string]json.RawMessage // the method's own keys
	common []string                   // keys beside them
}

// Decode reads the method's own keys into the struct that into points to: fields are named by their json tags, keep
// their value where the key is absent, and unknown keys are faults.
func (p Problem) Decode(into any) error {
	text, err := json.Marshal(p.config)
	if err != nil {
		return err
	}
	err = sdk.Decode(text, into)
	var faults targets.ConfigErrors
	if errors.As(err, &faults) {
		for _, f := range faults {
			if f.Found == "an unknown key" && !strings.Contains(f.Path, ".") {
				f.Accepted = strings.TrimPrefix(f.Accepted, "no keys")
				f.Accepted = strings.Trim(strings.Join(p.common, ", ")+", "+f.Accepted, ", ")
			}
		}
	}
	return err
}

// common keys of every method.
type common struct {
	Method    string    `json:"method"`
	Reference reference `json:"reference" doc:"normal that the path starts from, where the method does not learn one"`
}

// reference is a normal of independent coordinates: one number for all of them, or one for each.
type reference struct {
	Mean  numbers `json:"mean" doc:"of the normal that paths start from where no pilot tells: a number for all coordinates, or a list of one for each"`
	Scale numbers `json:"scale" doc:"its standard deviations, likewise"`
}

// check reports what is no normal in d dimensions.
func (r reference) check(d int) error {
	for _, part := range []struct {
		name string
		v    numbers
	}{{"mean", r.Mean}, {"scale", r.Scale}} {
		if n := len(part.v); n != 1 && n != d {
			return targets.ConfigErrors{{Path: "reference." + part.name, Found: fmt.Sprintf("%d numbers", n), Accepted: fmt.Sprintf("one, or one for each of %d coordinates", d)}}
		}
	}
	for _, s := range r.Scale {
		if !(s > 0) {
			return targets.ConfigErrors{{Path: "reference.scale", Found: fmt.Sprint(s), Accepted: "numbers above 0"}}
		}
	}
	return nil
}

// standard is the reference of a configuration that has none.
var standard = reference{Mean: numbers{0}, Scale: numbers{1}}

// numbers is a list, or one number.
type numbers []float64

func (v *numbers) UnmarshalJSON(text []byte) error {
	var one float64
	if json.Unmarshal(text, &one) == nil {
		*v = numbers{one}
		return nil
	}
	return json.Unmarshal(text, (*[]float64)(v))
}

// New makes the method that the configuration of env names, one of known; the first, if it names none.
func New(env sdk.Env, known []Method) (smc.Transport, error) {
	p := Problem{Target: env.Target, Dim: env.Target.Info().Dim(), Folder: env.Folder, common: []string{"method", "reference"}}
	if err := json.Unmarshal(env.Config, &p.config); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	shared := map[string]json.RawMessage{}
	for _, key := range p.common {
		if v, ok := p.config[key]; ok {
			shared[key] = v
			delete(p.config, key)
		}
	}
	text, err := json.Marshal(shared)
	if err != nil {
		return nil, err
	}
	c := common{Method: known[0].Name, Reference: standard}
	if err := sdk.Decode(text, &c); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(known, func(m Method) bool { return m.Name == c.Method })
	if i < 0 {
		names := make([]string, len(known))
		for j, m := range known {
			names[j] = m.Name
		}
		return nil, targets.ConfigErrors{{Path: "method", Found: fmt.Sprintf("%q", c.Method), Accepted: strings.Join(names, ", ")}}
	}
	if in := env.Target.Info(); !in.Can.Has(targets.Grad) {
		return nil, targets.ConfigErrors{{
			Path: "method", Found: fmt.Sprintf("%q, which needs the gradient of the target", known[i].Name),
			Accepted: fmt.Sprintf("no method for %s, which gives none; leave the transport out", in.Name),
		}}
	}
	if err := c.Reference.check(p.Dim); err != nil {
		return nil, err
	}
	if p.Reference, err = smc.NewNormal(p.Dim, c.Reference.Mean, c.Reference.Scale); err != nil {
		return nil, err
	}
	for j := range p.Dim {
		p.Mean = append(p.Mean, c.Reference.Mean[min(j, len(c.Reference.Mean)-1)])
		p.Scale = append(p.Scale, c.Reference.Scale[min(j, len(c.Reference.Scale)-1)])
	}
	return known[i].New(p)
}
