package targets

import (
	"fmt"
	"slices"
	"strings"
)

// Entry describes one name of the catalogue.
type Entry struct {
	Name    string
	Kind    string // "family", which a config makes concrete, or "catalogue", an instance of the literature
	Summary string
	Dim     int // of the default instance; 0 if there is none, as it depends on data
	Can     Want
	Known   Known // of the default instance
	Exact   bool  // the default instance has exact draws
	Config  []Option
}

// Option is one key of a configuration.
type Option struct {
	Key     string
	Type    string // "number", "integer", "boolean", "string", "list", "matrix"
	Default string // as one would write it in TOML; empty if there is none
	Doc     string
}

// New makes a built-in target: use is a name of List, config its configuration as decoded from TOML or JSON, and folder
// the one that relative paths in it start from. Every target declared on the reals takes the key rotation, the seed of
// the rotation it is put under (see Rotate). The error is an *UnknownTarget, a ConfigErrors, or that of a file.
func New(use string, config map[string]any, folder string) (Density, error) {
	for _, c := range catalogue() {
		if c.name != use {
			continue
		}
		r := &reader{m: config}
		d, err := c.build(r, folder)
		seed, rotate := r.rotation(d)
		if bad := r.done(); bad != nil {
			return nil, fmt.Errorf("target %s: %w", use, bad)
		}
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", use, err)
		}
		if c.kind == kindInstance {
			d = Describe(d, func(in *Info) { in.Name = use })
		}
		if rotate {
			return Rotate(d, seed)
		}
		return d, nil
	}
	var names []string
	for _, c := range catalogue() {
		names = append(names, c.name)
	}
	return nil, &UnknownTarget{Name: use, Nearest: nearest(use, names), Known: names}
}

// List is the catalogue, families first, each in alphabetical order.
func List() []Entry {
	var out []Entry
	for _, c := range catalogue() {
		e := Entry{Name: c.name, Kind: c.kind, Summary: c.summary, Config: c.options, Can: c.can, Dim: c.dim, Known: Unknown()}
		if c.known.Source != "" {
			e.Known = c.known
		}
		reals := true
		if d, err := c.build(&reader{}, ""); err == nil && d != nil {
			in := d.Info()
			_, bounded := notReal(in)
			reals = !bounded
			e.Dim, e.Can, e.Known = in.Dim(), in.Can, in.Known
			_, e.Exact = d.(Sampler)
		}
		if reals {
			e.Config = append(slices.Clone(e.Config), rotationOption)
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		if a.Kind != b.Kind {
			return strings.Compare(b.Kind, a.Kind)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

const (
	kindFamily   = "family"
	kindInstance = "catalogue"
)

// item is one name and how to build it. build reads its config through r, which gathers the faults; the density it
// returns counts only if there are none.
type item struct {
	name, kind, summary string
	options             []Option
	can                 Want // this and the next two where there is no default instance to ask, for want of data
	dim                 int
	known               Known // of the instance that the literature's data make; the zero value for none
	build               func(r *reader, folder string) (Density, error)
}

func catalogue() []item {
	return slices.Concat(
		gaussianItems(), mixtureItems(), randomMixtureItems(), studentMixtureItems(), manyWellItems(), coupledWellItems(),
		funnelItems(), bananaItems(), rosenbrockItems(), ringsItems(), phi4Items(),
		logisticItems(), linearRegressionItems(), stateSpaceItems(), brownianItems(), seedsItems(), coxItems(),
	)
}
