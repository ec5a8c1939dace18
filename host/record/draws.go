package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sampan-mc/sampan/host/record/zarr"
	"github.com/sampan-mc/sampan/targets"
)

// Draws is what a run leaves in draws.zarr, in the schema of ArviZ
// (https://python.arviz.org/en/stable/schema/schema.html), so that arviz.from_zarr or xarray.open_datatree read it:
//
//	posterior     a variable for each parameter, (chain, draw, shape …), equally weighted
//	sample_stats  (chain, draw): lp and the like
//	particles     our own: the weighted particles of a population sampler
//
// Chains are of equal length; an island of a population sampler is a chain.
type Draws struct {
	Params    []targets.Param
	Posterior [][]float64 // chain → n×d row-major on the declared scale, d the sum of the parameters' sizes
	Stats     []Stat
	Particles *Particles // nil for chains

	Sampler, Version string
	Created          time.Time
	Attrs            map[string]any // more of the group posterior
}

// Stat is a sample statistic under ArviZ's name: lp, acceptance_rate, step_size, diverging, n_steps, energy.
type Stat struct {
	Name   string
	Values [][]float64 // chain → draw
}

// Particles are the raw output of a population sampler: islands one after the other.
type Particles struct {
	X       []float64 // n×d row-major on the scale that Scale names
	Names   []string  // d names of the coordinates
	Scale   string    // "unconstrained" or "user"
	LogW    []float64 // since the last resampling
	Lineage []int32   // ancestor at stage 0, within the island
	Island  []int32
}

// The groups.
const (
	groupPosterior = "posterior"
	groupStats     = "sample_stats"
	groupParticles = "particles"
)

// WriteDraws writes draws.zarr in place of an earlier one. It is made under another name first and moved once whole.
func (f *Folder) WriteDraws(d *Draws) (err error) {
	final := f.Path(DrawsFolder)
	defer func() { err = outOfSpace(final, err) }()
	set, err := d.dataset()
	if err != nil {
		return fmt.Errorf("%s: %w", final, err)
	}
	fresh := final + unfinished
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := zarr.Write(fresh, set, writeSynced); err != nil {
		os.RemoveAll(fresh)
		return err
	}
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	if err := os.Rename(fresh, final); err != nil {
		return err
	}
	return syncDir(f.dir)
}

// writeSynced writes a file of a folder that is not in its place yet: on disk, but with no need of a rename.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// dataset lays the draws out in the schema.
func (d *Draws) dataset() (*zarr.Dataset, error) {
	chains := len(d.Posterior)
	width := 0
	for _, p := range d.Params {
		width += p.Size()
	}
	n := 0
	if chains > 0 && width > 0 {
		n = len(d.Posterior[0]) / width
	}
	for c, x := range d.Posterior {
		if len(x) != n*width {
			return nil, fmt.Errorf("chain %d has %d numbers, want %d draws of %d", c, len(x), n, width)
		}
	}
	posterior := zarr.Group{Name: groupPosterior, Attrs: d.attrs(), Arrays: axes(chains, n)}
	start := 0
	for _, p := range d.Params {
		posterior.Arrays = append(posterior.Arrays, d.variable(p, start, width, n)...)
		start += p.Size()
	}
	stats := zarr.Group{Name: groupStats, Attrs: d.attrs(), Arrays: axes(chains, n)}
	for _, s := range d.Stats {
		stats.Arrays = append(stats.Arrays, zarr.Array{
			Name: s.Name, Dims: []string{"chain", "draw"}, Shape: []int{chains, n}, Data: slices.Concat(s.Values...),
		})
	}
	set := &zarr.Dataset{Attrs: d.attrs(), Groups: []zarr.Group{posterior}}
	if len(d.Stats) > 0 {
		set.Groups = append(set.Groups, stats)
	}
	if d.Particles != nil {
		set.Groups = append(set.Groups, d.Particles.group(d.attrs()))
	}
	return set, nil
}

func (d *Draws) attrs() zarr.Attrs {
	a := zarr.Attrs{
		"created_at":                d.Created.UTC().Format(time.RFC3339),
		"creation_library":          "sampan",
		"creation_library_version":  d.Version,
		"creation_library_language": "Go",
		"inference_library":         "sampan",
		"inference_library_version": d.Version,
		"sampler":                   d.Sampler,
		"sample_dims":               []string{"chain", "draw"},
	}
	for k, v := range d.Attrs {
		a[k] = v
	}
	return a
}

// variable takes the columns of one parameter out of the draws, with the coordinates of its own dimensions.
func (d *Draws) variable(p targets.Param, start, width, n int) []zarr.Array {
	name := variableName(p.Name)
	size := p.Size()
	data := make([]float64, 0, len(d.Posterior)*n*size)
	for _, x := range d.Posterior {
		for i := range n {
			data = append(data, x[i*width+start:i*width+start+size]...)
		}
	}
	dims, shape := []string{"chain", "draw"}, []int{len(d.Posterior), n}
	var out []zarr.Array
	for i, extent := range p.Shape {
		dim := fmt.Sprintf("%s_dim_%d", name, i)
		dims, shape = append(dims, dim), append(shape, extent)
		out = append(out, index(dim, extent))
	}
	return append(out, zarr.Array{Name: name, Dims: dims, Shape: shape, Data: data})
}

// variableName keeps a parameter from taking the name of a dimension, or one that Zarr has no room for. A run must not
// fail at its end over a name.
func variableName(name string) string {
	if name == "chain" || name == "draw" {
		return name + "_"
	}
	b := []byte(name)
	for i, c := range b {
		if c == '/' || c == '\\' || (i == 0 && (c == '.' || c == '_')) {
			b[i] = '-'
		}
	}
	return string(b)
}

func axes(chains, n int) []zarr.Array { return []zarr.Array{index("chain", chains), index("draw", n)} }

// index is the coordinate 0 … n−1 of a dimension.
func index(dim string, n int) zarr.Array {
	data := make([]int64, n)
	for i := range data {
		data[i] = int64(i)
	}
	return zarr.Array{Name: dim, Dims: []string{dim}, Shape: []int{n}, Data: data}
}

func (p *Particles) group(attrs zarr.Attrs) zarr.Group {
	n, d := len(p.LogW), len(p.Names)
	attrs["sample_dims"] = []string{"particle"}
	attrs["scale"] = p.Scale
	one := func(name string, data any) zarr.Array {
		return zarr.Array{Name: name, Dims: []string{"particle"}, Shape: []int{n}, Data: data}
	}
	return zarr.Group{Name: groupParticles, Attrs: attrs, Arrays: []zarr.Array{
		index("particle", n),
		{Name: "coordinate", Dims: []string{"coordinate"}, Shape: []int{d}, Data: p.Names},
		{Name: "x", Dims: []string{"particle", "coordinate"}, Shape: []int{n, d}, Data: p.X},
		one("log_w", p.LogW), one("lineage", p.Lineage), one("island", p.Island),
	}}
}

// Draws reads draws.zarr as it lies there.
func (v View) Draws() (*zarr.Dataset, error) {
	return zarr.Read(filepath.Join(v.dir, DrawsFolder))
}
