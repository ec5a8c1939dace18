package picture

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Population is the particles at one place of a path.
type Population struct {
	Label string
	X     []float64 // n×d, row-major
	LogW  []float64 // n, up to a constant; nil: equal weights
}

// Path is the populations on the way from a start to the target, both among them.
type Path struct {
	Name        string
	Populations []Population
}

const (
	panels    = 6 // of a path in the plane
	marginals = 4 // coordinates that are shown of other paths
	bins      = 72
	outermost = 0.002 // of the mass at the end lies beyond the window, to each side, before that is widened
	widened   = 0.3   // by this part of itself, to each side
	contrast  = 0.6   // power of densities that is shown: below 1, so that what is thin is seen
)

// Evolution writes a picture, as PNG, of how the densities of coordinates names change along paths, one below the other. In
// two dimensions it has panels, in others the marginals of the first few coordinates over the path. Each panel, and each
// column of a marginal, is as dark as it gets where its own density is highest.
func Evolution(w io.Writer, names []string, paths []Path) error {
	if len(paths) == 0 || len(names) == 0 {
		return fmt.Errorf("picture: %d paths in %d dimensions found; accepted: one or more of each", len(paths), len(names))
	}
	var rows [][]*plot.Plot
	last := paths[len(paths)-1].Populations
	windows := make([]window, min(len(names), marginals))
	for j := range windows {
		windows[j] = windowOf(&last[len(last)-1], j, len(names))
	}
	width, height := panelWidth, panelHeight
	for i := range paths {
		if len(names) == 2 {
			rows = append(rows, plane(&paths[i], names, windows))
			continue
		}
		rows = append(rows, strips(&paths[i], names, windows))
		width, height = stripWidth, stripHeight
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: gap, PadY: gap, PadTop: gap, PadBottom: gap, PadLeft: gap, PadRight: gap}
	sheet := vgimg.NewWith(vgimg.UseWH(vg.Length(width*float64(tiles.Cols)+margin), vg.Length(height*float64(tiles.Rows))), vgimg.UseDPI(dotsPerInch), vgimg.UseBackgroundColor(color.White))
	for i, row := range plot.Align(rows, tiles, draw.New(sheet)) {
		for j, c := range row {
			rows[i][j].Draw(c)
		}
	}
	_, err := vgimg.PngCanvas{Canvas: sheet}.WriteTo(w)
	return err
}

// plane is a panel for each of some populations, the first and the last among them.
func plane(p *Path, names []string, w []window) (row []*plot.Plot) {
	n := len(p.Populations)
	for i := range panels {
		q := &p.Populations[(i*(n-1)+(panels-1)/2)/(panels-1)]
		panel := blank(q.Label)
		panel.Add(heat(&field{windows: [2]window{w[0], w[1]}, z: joint(q, w)}))
		panel.X.Tick.Marker, panel.Y.Tick.Marker = few{}, few{}
		if i == 0 {
			panel.Title.Text = p.Name + ":  " + q.Label
			panel.X.Label.Text, panel.Y.Label.Text = names[0], names[1]
		}
		row = append(row, panel)
	}
	return row
}

// strips are the marginals of a path, a column for each population.
func strips(p *Path, names []string, w []window) (row []*plot.Plot) {
	n := len(p.Populations)
	for j := range w {
		z := make([]float64, 0, n*bins)
		for i := range p.Populations {
			z = append(z, marginal(&p.Populations[i], j, len(names), w[j])...)
		}
		panel := blank("")
		panel.Add(heat(&field{windows: [2]window{{-0.5, float64(n) - 0.5}, w[j]}, columns: n, z: z}))
		var marks plot.ConstantTicks
		for _, i := range []int{0, (n - 1) / 2, n - 1} {
			marks = append(marks, plot.Tick{Value: float64(i), Label: p.Populations[i].Label})
		}
		panel.X.Tick.Marker, panel.Y.Tick.Marker = marks, few{}
		if panel.Y.Label.Text = names[j]; j == 0 {
			panel.Title.Text = p.Name
		}
		row = append(row, panel)
	}
	return row
}

func heat(f *field) *plotter.HeatMap {
	h := plotter.NewHeatMap(f, shades())
	h.Rasterized, h.Min, h.Max = true, 0, 1
	return h
}

// window is the range that is shown of a coordinate.
type window struct{ lo, hi float64 }

// windowOf holds nearly all of a population's coordinate j of d, and some room around.
func windowOf(p *Population, j, d int) window {
	var x []float64
	for i := j; i < len(p.X); i += d {
		if !math.IsNaN(p.X[i]) && !math.IsInf(p.X[i], 0) {
			x = append(x, p.X[i])
		}
	}
	if len(x) == 0 {
		return window{-1, 1}
	}
	slices.Sort(x)
	out := int(outermost * float64(len(x)))
	lo, hi := x[out], x[len(x)-1-out]
	room := max(widened*(hi-lo), 1e-6*math.Abs(hi), 1e-300)
	return window{lo - room, hi + room}
}

// bin is that of v, which may lie outside.
func (w window) bin(v float64) (int, bool) {
	u := (v - w.lo) / (w.hi - w.lo) * bins
	return int(u), u >= 0 && u < bins
}

// field is values on a grid of columns by bins, the columns one after another.
type field struct {
	windows [2]window
	columns int // 0: bins
	z       []float64
}

func (f *field) Dims() (c, r int) {
	if f.columns > 0 {
		return f.columns, bins
	}
	return bins, bins
}

func (f *field) Z(c, r int) float64 { return f.z[c*bins+r] }

func (f *field) X(c int) float64 {
	n, _ := f.Dims()
	return f.windows[0].lo + (float64(c)+0.5)/float64(n)*(f.windows[0].hi-f.windows[0].lo)
}

func (f *field) Y(r int) float64 {
	return f.windows[1].lo + (float64(r)+0.5)/bins*(f.windows[1].hi-f.windows[1].lo)
}
