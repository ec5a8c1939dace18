// Package sdk makes a Go program a sampan plugin: a process that serves a density to samplers in another process.
//
//	func main() {
//		sdk.Main(sdk.Target{
//			Name:    "banana",
//			Version: "0.1.0",
//			Density: targets.Func("banana", targets.Reals("x", 2), banana),
//		})
//	}
//
// The program answers `describe` and `serve`; the host calls both. What the component's code prints on standard output
// goes to the log and cannot disturb the protocol; an error or a panic in a call goes to the user with its text and stack,
// and the plugin lives on. When the host is gone the plugin leaves, and takes its children with it.
//
// Standard input belongs to the protocol: the program's own reads see its end at once.
package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
)

// Version is the SDK's, told to the host.
const Version = "0.1.0"

// Component is something a plugin serves: a Target or a Transport.
type Component interface{ component() component }

// Target is a component that serves a density. Exactly one of Density and New is set.
type Target struct {
	Name    string // letters, digits, dots, - and _
	Version string // the plugin's version is that of its first component
	Summary string // one line for people
	Schema  string // JSON Schema of the configuration; empty: not stated

	// Density is served as it is and takes no configuration.
	Density targets.Density
	// New makes the density from its configuration, one JSON object. Paths in it are relative to folder. Faults are
	// returned as targets.ConfigErrors, which the user sees with the key's full path; Decode finds most of them.
	New func(config json.RawMessage, folder string) (targets.Density, error)

	PreferredRows   int  // points a call; 0: as the host likes
	MaxRows         int  // 0: no limit
	BatchDependent  bool // a point's last bits may depend on the batch it is in
	NotReproducible bool // the same call may give other bytes
}

// component is what the server needs to know of one.
type component struct {
	kind                         pb.Kind
	name, version, summary, spec string
	limits                       *pb.Limits
	newDensity                   func(config json.RawMessage, folder string) (targets.Density, error)
	newTransport                 func(Env) (smc.Transport, error)
}

func (t Target) component() component {
	newDensity := t.New
	if t.Density != nil {
		newDensity = func(config json.RawMessage, _ string) (targets.Density, error) {
			return t.Density, Decode(config, &struct{}{})
		}
	}
	return component{
		kind: pb.Kind_KIND_TARGET, name: t.Name, version: t.Version, summary: t.Summary, spec: t.Schema,
		limits: &pb.Limits{
			PreferredRows: uint32(t.PreferredRows), MaxRows: uint32(t.MaxRows),
			BatchDependent: t.BatchDependent, NotReproducible: t.NotReproducible,
		},
		newDensity: newDensity,
	}
}

// Main is the whole main function of a plugin: it serves the components until the host is done with them, and exits.
func Main(components ...Component) {
	command := "serve"
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	err := func() error {
		s, err := newServer(components)
		if err != nil {
			return err
		}
		switch command {
		case "describe":
			return json.NewEncoder(os.Stdout).Encode(s.description())
		case "serve":
			return s.serve()
		}
		return fmt.Errorf("unknown command %q; accepted: describe, serve", command)
	}()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Serve serves the components until the host is done with them. Main calls it for programs that are plugins and nothing
// else.
func Serve(components ...Component) error {
	s, err := newServer(components)
	if err != nil {
		return err
	}
	return s.serve()
}

// ErrByHand is what serving ends with at once if it was not the host that started the program.
var ErrByHand = errors.New("this is a sampan plugin, which `sampan run` starts by itself; by hand, `describe` tells what it serves")

// ServeBuiltin serves the built-in target of that name until the host is done with it.
func ServeBuiltin(name string) error {
	return Serve(Target{
		Name: name, Version: Version, Summary: "built-in target",
		New: func(config json.RawMessage, folder string) (targets.Density, error) {
			return newBuiltin(name, config, folder)
		},
	})
}

func newBuiltin(name string, config []byte, folder string) (targets.Density, error) {
	var m map[string]any
	if err := json.Unmarshal(config, &m); err != nil {
		return nil, err
	}
	return targets.New(name, m, folder)
}
