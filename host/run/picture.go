package run

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/sampan-mc/sampan/host/picture"
	"github.com/sampan-mc/sampan/smc"
	"github.com/sampan-mc/sampan/targets"
	"github.com/sampan-mc/sampan/vec/rng"
)

// pictureFile, in the artefact, shows the densities of the learned path above those of the pilot.
const pictureFile = "path.png"

const (
	drawn    = 8192 // particles on the learned path
	panels   = 5    // segments that it is cut into, in the plane
	segments = 24   // and otherwise
)

// draw leaves the picture in the artefact.
func (h *hybridRun) draw(ctx context.Context, pilot *smc.Tempered) error {
	populations, err := h.follow(ctx)
	if err != nil {
		return fmt.Errorf("follow the transport: %w", err)
	}
	paths := []picture.Path{{Name: "learned", Populations: populations}}
	if pilot != nil {
		tempered := picture.Path{Name: "tempered"}
		for i := range pilot.Levels {
			l := &pilot.Levels[i]
			tempered.Populations = append(tempered.Populations, picture.Population{Label: fmt.Sprintf("β = %.2g", l.Beta), X: l.X, LogW: l.LogW})
		}
		paths = append(paths, tempered)
	}
	var names []string
	for _, p := range h.density.Info().Params {
		names = append(names, flatNames(p)...)
	}
	var png bytes.Buffer
	if err := picture.Evolution(&png, names, paths); err != nil {
		return err
	}
	return h.folder.WriteFile(filepath.Join(artefactFolder, pictureFile), png.Bytes())
}

// follow sends particles down the whole path, neither weighed nor moved, and keeps them wherever it can be cut.
func (h *hybridRun) follow(ctx context.Context) ([]picture.Population, error) {
	t, ref, d := h.carrier.Transport, h.ref, h.density.Info().Dim()
	if own := t.Reference(); own != nil {
		ref = own
	}
	if setter, ok := t.(smc.CutSetter); ok {
		before, n := len(t.Cuts()), segments
		if d == 2 {
			n = panels
		}
		if err := setter.SetCuts(n); err != nil {
			return nil, err
		}
		defer func() { _ = setter.SetCuts(before) }() // the training is over: nothing comes after
	}
	seed := rng.NewKey(h.cfg.Seed, "picture", 0).Uint64()
	at := smc.NewParticles(drawn, d, t.Info().Aux)
	if err := ref.Sample(ctx, 0, drawn, rng.NewKey(seed, "start", 0), at.X); err != nil {
		return nil, err
	}
	cuts := t.Cuts()
	out := []picture.Population{{Label: "start", X: at.X}}
	ratio, status := make([]float64, drawn), make([]targets.Status, drawn)
	for k, cut := range cuts {
		if k == 0 || cuts[k-1].Kind == smc.CutBeta { // what a segment may ask to be told
			if err := h.told(ctx, ref, at); err != nil {
				return nil, err
			}
		}
		to := smc.NewParticles(drawn, d, t.Info().Aux)
		if cut.Kind == smc.CutOwn {
			to.LogOwn = make([]float64, drawn)
		}
		clear(status)
		if err := t.Segment(ctx, k+1, at, to, ratio, status, rng.NewKey(seed, "segment", k)); err != nil {
			return nil, err
		}
		label := "end"
		switch {
		case k+1 == len(cuts):
		case cut.Kind == smc.CutBeta:
			label = fmt.Sprintf("β = %.2g", cut.Beta)
		default:
			label = fmt.Sprintf("%d of %d", k+1, len(cuts))
		}
		out = append(out, picture.Population{Label: label, X: to.X})
		if cut.Kind != smc.CutBeta {
			to.LogRef, to.LogTarget = nil, nil
		}
		at = to
	}
	return out, nil
}

// told fills in the densities of reference and target at particles.
func (h *hybridRun) told(ctx context.Context, ref smc.Reference, p *smc.Particles) error {
	for _, d := range []struct {
		of   targets.Density
		logp []float64
	}{{ref, p.LogRef}, {h.density, p.LogTarget}} {
		b := targets.Batch{N: p.N, D: p.D, Want: targets.LogP, X: p.X, LogP: d.logp, Status: make([]targets.Status, p.N)}
		if err := d.of.Eval(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}
