package cli

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/host/run"
	"github.com/sampan-mc/sampan/targets"
)

type targetCmd struct {
	List targetListCmd `cmd:"" help:"List the built-in targets."`
	Eval targetEvalCmd `cmd:"" help:"Evaluate a target at points of a CSV file."`
}

type targetListCmd struct {
	Name string `arg:"" optional:"" help:"Show one target, with the keys of its config."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// listed is an entry of `target list --json` and `plugin list --json`.
type listed struct {
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	Version      string   `json:"version"`
	Source       string   `json:"source"`
	Summary      string   `json:"summary"`
	Dim          int      `json:"dim"`
	Capabilities []string `json:"capabilities"`
	Known        known    `json:"known"`
	Config       []option `json:"config,omitempty"`
}

// option is one key of a target's configuration.
type option struct {
	Key     string `json:"key"`
	Type    string `json:"type"`
	Default string `json:"default"` // as one would write it in TOML; empty if there is none
	Doc     string `json:"doc"`
}

type known struct {
	LogZ    record.Float   `json:"log_z"`
	LogZErr record.Float   `json:"log_z_err"`
	Mean    []record.Float `json:"mean"`
	SD      []record.Float `json:"sd"`
	Source  string         `json:"source"`
}

var unknown = targets.Unknown()

func knownOf(k targets.Known) known {
	out := known{LogZ: record.Float(k.LogZ), LogZErr: record.Float(k.LogZErr), Source: k.Source}
	if k.Mean != nil {
		out.Mean = record.Floats(k.Mean)
	}
	if k.SD != nil {
		out.SD = record.Floats(k.SD)
	}
	return out
}

// Run prints the catalogue.
func (c *targetListCmd) Run(std Streams) error {
	list := targets.List()
	if c.Name != "" {
		var names []string
		for _, e := range list {
			names = append(names, e.Name)
		}
		i := slices.Index(names, c.Name)
		if i < 0 {
			return &usageError{fmt.Sprintf("found %q, accepted: a name that `sampan target list` shows%s", c.Name, meant(c.Name, names))}
		}
		list = list[i : i+1]
	}
	switch {
	case c.JSON:
		out := make([]listed, len(list))
		for i, e := range list {
			out[i] = listed{
				Name: e.Name, Kind: "target", Version: run.Version, Source: "built-in", Summary: e.Summary, Dim: e.Dim,
				Capabilities: capabilities(e.Can, e.Exact), Known: knownOf(e.Known),
			}
			for _, o := range e.Config {
				out[i].Config = append(out[i].Config, option(o))
			}
		}
		return printJSON(std.Out, out)
	case c.Name != "":
		showTarget(std, list[0])
		return nil
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	for i, e := range list {
		if i == 0 || e.Kind != list[i-1].Kind {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s\tdim\tlog Z\t\n", map[string]string{"family": "FAMILIES, made concrete by a config", "catalogue": "INSTANCES of the literature"}[e.Kind])
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", e.Name, dimText(e.Dim), knownLogZ(e.Known), e.Summary)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	std.say("\n`sampan target list NAME` shows the keys of a config.")
	return nil
}

// showTarget prints all that the catalogue says of one target.
func showTarget(std Streams, e targets.Entry) {
	fmt.Fprintf(std.Out, "%s: %s\n\n  dimension  %s\n  offers     %s\n  log Z      %s\n", e.Name, e.Summary, dimText(e.Dim),
		strings.Join(capabilities(e.Can, e.Exact), ", "), knownLogZ(e.Known))
	if len(e.Config) == 0 {
		return
	}
	rows := [][]string{{"  [target.config]", "type", "default", "meaning"}}
	for _, o := range e.Config {
		rows = append(rows, []string{"  " + o.Key, o.Type, orDash(o.Default), o.Doc})
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}

func meant(word string, words []string) string {
	if near := config.Nearest(word, words); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func capabilities(can targets.Want, exact bool) []string {
	out := strings.Split(can.String(), "|")
	if exact {
		out = append(out, "sample")
	}
	return out
}

func dimText(d int) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprint(d)
}

func knownLogZ(k targets.Known) string {
	switch {
	case math.IsNaN(k.LogZ):
		return "-"
	case k.LogZErr > 0:
		return fmt.Sprintf("%.3f ± %.2g", k.LogZ, k.LogZErr)
	}
	return fmt.Sprintf("%.6g", k.LogZ)
}

type targetEvalCmd struct {
	Use    string   `arg:"" help:"A built-in target, or the path of a plugin."`
	Points string   `required:"" placeholder:"FILE" help:"CSV without header, one point a line; - is standard input."`
	Scale  string   `enum:"user,unconstrained" default:"user" help:"Scale of the points: user, as the target declares it, or unconstrained, where the log density includes the Jacobian."`
	Set    []string `placeholder:"KEY=VALUE" sep:"none" help:"A key of the target's config."`
	JSON   bool     `name:"json" help:"Print JSON."`
}

// evaluated is the contract of `target eval --json`.
type evaluated struct {
	LogP   []record.Float   `json:"logp"`
	Grad   [][]record.Float `json:"grad"` // null without gradient
	Status []string         `json:"status"`
}

// Run evaluates the target and prints what it said.
func (c *targetEvalCmd) Run(ctx context.Context, std Streams) error {
	conf, err := config.ForTarget(c.Use, c.Set)
	if err != nil {
		return err
	}
	comp, err := run.Open(ctx, conf, run.Watch{Log: logLines(std)})
	if err != nil {
		return err
	}
	defer comp.Close()
	density := comp.Density
	if c.Scale == "unconstrained" {
		if density, _, err = targets.Unconstrain(density); err != nil {
			return err
		}
	}
	in := density.Info()
	d := in.Dim()
	x, n, err := readPoints(c.Points, os.Stdin, d)
	if err != nil {
		return err
	}
	b := targets.NewBatch(n, d, in.Can&(targets.LogP|targets.Grad))
	b.X = x
	if err := density.Eval(ctx, b); err != nil {
		return err
	}
	out := evaluated{LogP: record.Floats(b.LogP)}
	for i, s := range b.Status {
		out.Status = append(out.Status, s.String())
		if b.Grad != nil {
			out.Grad = append(out.Grad, record.Floats(b.Grad[i*d:(i+1)*d]))
		}
	}
	if c.JSON {
		return printJSON(std.Out, out)
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "point\tlog density\t|gradient|\t  status")
	for i := range n {
		norm := "-"
		if b.Grad != nil {
			norm = fmt.Sprintf("%.6g", length(b.Grad[i*d:(i+1)*d]))
		}
		fmt.Fprintf(w, "%d\t%.10g\t%s\t  %s\n", i, b.LogP[i], norm, b.Status[i])
	}
	return w.Flush()
}

func length(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x * x
	}
	return math.Sqrt(s)
}
