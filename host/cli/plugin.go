package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/host/run"
	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/plugins/sdk"
)

type pluginCmd struct {
	List     pluginListCmd     `cmd:"" help:"List the plugins on the search path, and the built-in one."`
	Describe pluginDescribeCmd `cmd:"" help:"Ask a plugin what it is."`
	New      pluginNewCmd      `cmd:"" help:"Write a plugin that works, to start from."`
	Serve    pluginServeCmd    `cmd:"" hidden:"" help:"Serve a built-in target over the plugin protocol; the program starts itself so."`
}

type pluginListCmd struct {
	PluginDir []string `placeholder:"DIR" help:"A folder to search before all others."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

// Run prints the plugins that can be used by name.
func (c *pluginListCmd) Run(std Streams) error {
	specs, faults := plugin.List(plugin.Options{Dirs: c.PluginDir})
	builtin := diffusion.Component()
	specs = append(specs, &plugin.Spec{Name: builtin.Name, Version: builtin.Version, Summary: builtin.Summary, Kinds: []string{"transport"}, Source: "built-in"})
	for _, err := range faults {
		std.say("sampan: %v", err)
	}
	if c.JSON {
		out := make([]listed, len(specs))
		for i, s := range specs {
			out[i] = listed{
				Name: s.Name, Kind: strings.Join(s.Kinds, ","), Version: s.Version, Source: s.Source, Summary: s.Summary,
				Capabilities: []string{}, Known: knownOf(unknown),
			}
		}
		return printJSON(std.Out, out)
	}
	if len(specs) == 1 {
		std.say("no plugins on the search path: --plugin-dir, SAMPAN_PLUGIN_PATH, ./plugins, ~/.local/share/sampan/plugins")
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tVERSION\tKINDS\tSOURCE\tSUMMARY")
	for _, s := range specs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, orDash(s.Version), orDash(strings.Join(s.Kinds, ", ")), s.Source, s.Summary)
		for _, other := range s.Shadowed {
			fmt.Fprintf(w, "\t\t\t%s\t(not used: another of this name comes first)\n", other)
		}
	}
	return w.Flush()
}

type pluginDescribeCmd struct {
	Use    string `arg:"" help:"Path or name of a plugin."`
	Method string `arg:"" optional:"" help:"Show one of its methods, with its keys."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// described is the shape of `plugin describe --json`.
type described struct {
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	SDK        string          `json:"sdk"`
	Source     string          `json:"source"`
	Command    []string        `json:"command"`
	Components []componentJSON `json:"components"`
}

type componentJSON struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Summary string          `json:"summary"`
	Schema  json.RawMessage `json:"config_schema,omitempty"`
}

// Run starts the plugin, asks it, and prints the answer.
func (c *pluginDescribeCmd) Run(ctx context.Context, std Streams) error {
	conf, err := config.ForTarget(c.Use, nil)
	if err != nil {
		return err
	}
	o := run.PluginOptions(conf, run.Watch{Log: logLines(std)})
	find := plugin.Find
	if c.Use == diffusion.Name {
		find = plugin.BuiltinTransport
	}
	spec, err := find(c.Use, o)
	if err != nil {
		return asUsage(err)
	}
	spec, err = plugin.Describe(ctx, spec, o)
	if err != nil {
		return err
	}
	out := described{Name: spec.Name, Version: spec.Version, SDK: spec.SDK, Source: spec.Source, Command: spec.Command, Components: []componentJSON{}}
	for _, k := range spec.Components {
		if c.Method != "" {
			if k.Schema, err = schemaOf(k.Schema, c.Method); err != nil {
				return err
			}
		}
		out.Components = append(out.Components, componentJSON{Kind: k.Kind, Name: k.Name, Summary: k.Summary, Schema: k.Schema})
	}
	if c.JSON {
		return printJSON(std.Out, out)
	}
	fmt.Fprintf(std.Out, "%s %s  (SDK %s)\nfrom     %s\nstarted  %s\n", out.Name, out.Version, orDash(out.SDK), out.Source, strings.Join(out.Command, " "))
	for _, k := range out.Components {
		fmt.Fprintf(std.Out, "serves   %s %s: %s\n", k.Kind, k.Name, orDash(k.Summary))
		if len(k.Schema) == 0 {
			continue
		}
		showSchema(std.Out, k.Schema, c.Method)
	}
	if c.Use == diffusion.Name && c.Method == "" {
		std.say("\n`sampan plugin describe %s METHOD` shows the keys of a method; docs/samplers.md tells of them all", diffusion.Name)
	}
	return nil
}

type pluginServeCmd struct {
	Name string `arg:""`
}

// Run serves until the host is done.
func (c *pluginServeCmd) Run() error {
	if c.Name == diffusion.Name {
		return diffusion.Serve()
	}
	return sdk.ServeBuiltin(c.Name)
}

// asUsage makes the error of a plugin that cannot be found one of usage.
func asUsage(err error) error {
	var use *plugin.UseError
	if errors.As(err, &use) {
		return &usageError{use.Error()}
	}
	return err
}

// logLines passes on what a plugin prints.
func logLines(std Streams) func(plugin.LogLine) {
	return func(l plugin.LogLine) { std.say("%s: %s", l.Plugin, l.Text) }
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
