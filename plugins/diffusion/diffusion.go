// Package diffusion is the plugin of the diffusion samplers: transports that move particles from a normal reference to
// the target by stochastic differential equations, cut into Gaussian steps whose ratio of backward to forward kernel is
// known exactly, so that the host can weigh what they do.
//
// One component, "diffusion", serves them all; the key method of its configuration says which.
package diffusion

import (
	"slices"

	"github.com/sampan-mc/sampan/plugins/diffusion/annealed"
	"github.com/sampan-mc/sampan/plugins/diffusion/bridge"
	"github.com/sampan-mc/sampan/plugins/diffusion/method"
	"github.com/sampan-mc/sampan/plugins/diffusion/pde"
	"github.com/sampan-mc/sampan/plugins/diffusion/scld"
	"github.com/sampan-mc/sampan/plugins/sdk"
	"github.com/sampan-mc/sampan/smc"
)

// Name is the component's.
const Name = "diffusion"

// Methods lists what the key method accepts. The first is what is used where it is not set.
func Methods() []method.Method {
	return slices.Concat(diffusions(), []method.Method{bridge.Method}, scld.Methods(), pde.Methods(), []method.Method{annealed.Method})
}

// Component is the plugin's only one.
func Component() sdk.Transport {
	return sdk.Transport{
		Name: Name, Version: sdk.Version, Summary: "diffusion samplers, learned and not", Schema: method.Schema(Methods()),
		New: func(env sdk.Env) (smc.Transport, error) { return method.New(env, Methods()) },
	}
}

// Serve serves the plugin until the host is done with it.
func Serve() error { return sdk.Serve(Component()) }
