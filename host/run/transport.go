package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/plugin"
	"github.com/sampan-mc/sampan/plugins/diffusion"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// carrier is a transport that is ready to be used.
type carrier struct {
	smc.Transport
	facts plugin.Facts
	files []string // content of the plugin, to be hashed; nil for built-ins
	close func() error
}

// openCarrier starts the transport that c asks for, made for the target source. It resolves in c what depends on it.
func openCarrier(ctx context.Context, c *config.Run, source plugin.TargetSource, watch Watch) (*carrier, error) {
	t := c.Sampler.Population.Transport
	o := processOptions(c.Folder, &t.Processes, watch)
	find := plugin.Find
	if t.Use == diffusion.Name {
		find = plugin.BuiltinTransport
	}
	spec, err := find(t.Use, o)
	if err != nil {
		return nil, inTable(c, "sampler.transport", err)
	}
	p, err := plugin.OpenTransport(ctx, spec, forWire(t.Config), source, o)
	if err != nil {
		return nil, inTable(c, "sampler.transport", err)
	}
	t.Workers, t.ChunkRows = p.Facts().Workers, p.Facts().Rows
	return &carrier{Transport: p.Served(), facts: p.Facts(), files: spec.Files, close: p.Close}, nil
}

// source describes the target to a transport's plugin.
func (s *session) source() plugin.TargetSource {
	t := &s.conf.Target
	out := plugin.TargetSource{Density: s.density}
	if s.target.Facts.Source == "built-in" && !s.conf.Sampler.Population.Transport.Ask {
		out.Builtin, out.Config, out.Folder = t.Use, forWire(t.Config), s.conf.Folder
	}
	return out
}

// inTable turns the errors that are mistakes in a component's table of the run file into errors that say where.
func inTable(c *config.Run, table string, err error) error {
	var use *plugin.UseError
	if errors.As(err, &use) {
		return c.Problem(table+".use", "%s: found %s, accepted: %s", quote(use.Use), use.Found, use.Accepted)
	}
	var faults targets.ConfigErrors
	if !errors.As(err, &faults) {
		return err
	}
	out := &config.Error{}
	for _, f := range faults {
		out.Faults = append(out.Faults, c.Fault(strings.TrimSuffix(table+".config."+f.Path, "."), "found %s, accepted: %s%s", f.Found, f.Accepted, meant(f)))
	}
	return out
}

// meant is the end of a sentence that names what the user may have meant, where a component lists the words that it accepts.
func meant(f *targets.ConfigError) string {
	word := strings.Trim(f.Found, `"`)
	if f.Found == "an unknown key" {
		word = f.Path[strings.LastIndex(f.Path, ".")+1:]
	}
	if strings.Contains(word, " ") { // found something else than a word
		return ""
	}
	var words []string
	for _, w := range strings.Split(f.Accepted, ", ") {
		if w = strings.Trim(w, `"`); w != "" && !strings.Contains(w, " ") {
			words = append(words, w)
		}
	}
	if near := config.Nearest(word, words); near != "" && near != word {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
