package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/targets"
)

// builtinRows is the number of points in one evaluation request of a built-in target, in-process or isolated.
const builtinRows = 256

// Component is a target that is ready to be evaluated, in this process or in processes of its own.
type Component struct {
	// Density is on the declared scale. It cuts its batches into chunks of a fixed number of points.
	Density targets.Density
	// Known is asked for modes and observables, which nobody sends over the wire: a built-in itself, else Density.
	Known targets.Density
	Facts plugin.Facts
	Files []string // content of the plugin, to be hashed; nil for built-ins

	process *plugin.Target // nil in-process
}

// Watch is told what goes on in a component's processes. Its functions may be nil; they are called from several
// goroutines at once.
type Watch struct {
	Event        func(plugin.Event)
	Log          func(plugin.LogLine)
	SaveBadPoint func(plugin.BadPoint) (path string, err error)
}

// Open makes the target of c, and resolves in c what depends on it: the number of processes and of points in a request.
// Mistakes of the user's are *config.Error; a plugin that fails is a *plugin.Error.
func Open(ctx context.Context, c *config.Run, watch Watch) (*Component, error) {
	t := &c.Target
	o := PluginOptions(c, watch)
	spec, here, err := find(c, &o)
	switch {
	case err != nil:
		return nil, err
	case spec == nil:
		return openHere(c, here), nil
	}
	p, err := plugin.Open(ctx, spec, forWire(t.Config), o)
	if err != nil {
		return nil, inTable(c, "target", err)
	}
	facts := p.Facts()
	t.Workers, t.ChunkRows = facts.Workers, facts.Rows
	if here == nil {
		here = p.Density()
	}
	return &Component{Density: p.Density(), Known: here, Facts: facts, Files: spec.Files, process: p}, nil
}

// find looks up what the run file asks for: a built-in target, which is here, and something to be started, nil if it is to
// be used here. A name means the built-in, if there is one; a path never does.
func find(c *config.Run, o *plugin.Options) (spec *plugin.Spec, here targets.Density, err error) {
	t := &c.Target
	var unknown *targets.UnknownTarget
	if !strings.ContainsAny(t.Use, `/\`) {
		here, err = targets.New(t.Use, t.Config, c.Folder)
		switch {
		case err == nil && !t.Isolate:
			return nil, here, nil
		case err == nil:
			if t.ChunkRows == 0 {
				t.ChunkRows, o.Rows = builtinRows, builtinRows
			}
			spec, err = plugin.Builtin(t.Use, *o)
			return spec, here, err
		case !errors.As(err, &unknown):
			return nil, nil, inTable(c, "target", err)
		}
	}
	if spec, err = plugin.Find(t.Use, *o); err == nil {
		return spec, nil, nil
	}
	if unknown != nil && !pluginExtension.MatchString(t.Use) {
		return nil, nil, notFound(c, unknown)
	}
	return nil, nil, inTable(c, "target", err)
}

// pluginExtension is how the name of a file ends, but not that of a target, such as phi4_4x4_kappa0.3.
var pluginExtension = regexp.MustCompile(`\.[A-Za-z]+$`)

func openHere(c *config.Run, d targets.Density) *Component {
	t := &c.Target
	if t.ChunkRows == 0 {
		t.ChunkRows = builtinRows
	}
	t.Workers = 0
	return &Component{
		Density: targets.Chunked(d, t.ChunkRows, workers(c)),
		Known:   d,
		Facts:   plugin.Facts{Name: t.Use, Source: "built-in", Rows: t.ChunkRows},
	}
}

// PluginOptions are the plugin options that the run file c asks for, of its target.
func PluginOptions(c *config.Run, watch Watch) plugin.Options {
	o := processOptions(c.Folder, &c.Target.Processes, watch)
	o.OnBadPoint, o.SaveBadPoint = plugin.Policy(c.Target.OnBadPoint), watch.SaveBadPoint
	return o
}

func processOptions(folder string, p *config.Processes, watch Watch) plugin.Options {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return plugin.Options{
		Folder: folder, Python: p.Python, Workers: p.Workers, Rows: p.ChunkRows, Threads: p.Threads, Env: p.Env,
		StartTimeout: seconds(p.StartSeconds), CreateTimeout: seconds(p.StartSeconds), Timeout: seconds(p.TimeoutSeconds),
		Event: watch.Event, Log: watch.Log,
	}
}

// forWire gives a configuration a form that JSON has: NaN, which TOML can write, is null, as in all of Sampan's JSON.
func forWire(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = forWire(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = forWire(e)
		}
		return out
	case float64:
		if math.IsNaN(v) {
			return nil
		}
	}
	return v
}

// Close stops the component's processes, if it has any.
func (c *Component) Close() error {
	if c.process == nil {
		return nil
	}
	return c.process.Close()
}

// wireShare is the part of the time in evaluation requests that was not spent in the target's own code.
func (c *Component) wireShare() float64 {
	if c.process == nil {
		return 0
	}
	s := c.process.Stats()
	if s.TargetTime+s.WireTime <= 0 {
		return 0
	}
	return float64(s.WireTime) / float64(s.TargetTime+s.WireTime)
}

// notFound says that a name means neither a built-in target nor a plugin.
func notFound(c *config.Run, e *targets.UnknownTarget) error {
	hint := ""
	if e.Nearest != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", e.Nearest)
	}
	return c.Problem("target.use", "found %s, which is neither a built-in target nor a plugin on the search path%s; accepted: a name that `sampan target list` or "+
		"`sampan plugin list` shows; or the path of a plugin, such as \"./%s.py\"", quote(e.Name), hint, e.Name)
}

func quote(s string) string { return fmt.Sprintf("%q", s) }
