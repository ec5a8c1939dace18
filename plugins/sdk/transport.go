package sdk

import (
	"encoding/json"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Transport is a component that serves a transport: kernels or maps, learned or not, that move particles from one cut of
// the path to the next. What the transport implements beyond smc.Transport (smc.OwnDensity, smc.Backward, smc.CutSetter,
// smc.Learner) is served too. Segment, Backward, LogOwn and the reference may be called from several goroutines at once;
// SetCuts, Train, Save and Load come alone.
type Transport struct {
	Name    string // letters, digits, dots, - and _
	Version string // the plugin's version is that of its first component
	Summary string // one line for people
	Schema  string // JSON Schema of the configuration; empty: not stated

	// New makes the transport for the target that Env holds. Faults of the configuration are returned as
	// targets.ConfigErrors, which the user sees with the key's full path; Decode finds most of them.
	New func(Env) (smc.Transport, error)

	PreferredRows   int  // particles a call; 0: as the host likes
	MaxRows         int  // 0: no limit
	BatchDependent  bool // a particle's last bits may depend on the batch it is in
	NotReproducible bool // the same call may give other bytes
}

// Env is what a transport is made from.
type Env struct {
	Config json.RawMessage // one JSON object
	Folder string          // paths in Config are relative to it
	// Target is the density on the unconstrained scale. It may be evaluated in Segment, Backward and Train, with the
	// context that these are given or one made from it, from any number of goroutines; and in LogOwn, at the points that
	// it is given, if OwnOfTarget says so. A target built into sampan is
	// evaluated in this process; any other is asked of the host, for the work at hand.
	Target targets.Density
}

func (t Transport) component() component {
	return component{
		kind: pb.Kind_KIND_TRANSPORT, name: t.Name, version: t.Version, summary: t.Summary, spec: t.Schema,
		limits: &pb.Limits{
			PreferredRows: uint32(t.PreferredRows), MaxRows: uint32(t.MaxRows),
			BatchDependent: t.BatchDependent, NotReproducible: t.NotReproducible,
		},
		newTransport: t.New,
	}
}
