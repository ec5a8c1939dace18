package plugin

import (
	"context"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
	"github.com/sampan-mc/sampan/targets"
)

// Target is a density served by the worker processes of a plugin. It is safe for concurrent use: calls from several
// islands share the workers.
type Target struct {
	pool
	info      targets.Info
	abilities wire.Abilities
}

// Open starts the worker processes of a plugin and makes its target in each of them. config is the component's own
// configuration: anything that encodes to a JSON object, nil for none. Faults of it are targets.ConfigErrors; a plugin
// that fails is an *Error.
func Open(ctx context.Context, spec *Spec, config any, o Options) (*Target, error) {
	t := &Target{}
	t.first = func(made *pb.CreateReply) (err error) {
		if t.info, t.abilities, err = wire.ToInfo(made.Target, made.Caps); err == nil {
			t.rows = wire.Rows(t.info.Dim(), t.options.Rows, int(made.Limits.GetPreferredRows()), int(made.Limits.GetMaxRows()))
		}
		return err
	}
	if err := t.start(ctx, spec, pb.Kind_KIND_TARGET, config, o); err != nil {
		return nil, err
	}
	return t, nil
}

// Density is the target as the algorithms see it. It implements targets.Sampler, targets.PriorSampler and
// targets.Outputs where the plugin can do that, and only there.
func (t *Target) Density() targets.Density { return t.density() }
