package plugin

import (
	"context"
	"errors"

	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// TargetSource is the target that a transport is made for.
type TargetSource struct {
	// Density is the target on the unconstrained scale. It answers what the transport asks.
	Density targets.Density
	// Builtin, if not empty, is the name of the built-in target that Density is, with the Config and Folder it was made
	// from. A plugin that can makes it again in its own process, where evaluations cross no boundary; others ask.
	Builtin string
	Config  any
	Folder  string
}

// Transport is a transport served by the worker processes of a plugin.
type Transport struct{ served smc.Transport }

// OpenTransport starts the worker processes of a plugin and makes its transport for a target in each of them. config is
// the component's own configuration, as in Open. Faults of it are targets.ConfigErrors; a plugin that fails is an *Error.
func OpenTransport(ctx context.Context, spec *Spec, config any, target TargetSource, o Options) (*Transport, error) {
	return nil, errors.New("not served yet")
}

// Served is the transport as the engine sees it. It implements smc.OwnDensity, smc.Backward, smc.CutSetter and
// smc.Learner where the plugin can do that, and only there.
func (t *Transport) Served() smc.Transport { return t.served }

// Close stops the workers, as gently as they allow, and waits until no process is left.
func (t *Transport) Close() error { return nil }

// Rows is the number of particles in one request; see Target.Rows.
func (t *Transport) Rows() int { return 0 }

// Facts tells what is known about the plugin.
func (t *Transport) Facts() Facts { return Facts{} }

// Stats returns the counts so far: evaluations of the target, wherever it was evaluated. Safe to call at any time.
func (t *Transport) Stats() Stats { return Stats{} }
