package phi4

import (
	"image/color"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	canvas "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	panels = []struct{ name, title string }{{absM, "magnetisation ⟨|m|⟩"}, {chi, "susceptibility V(⟨m²⟩ − ⟨|m|⟩²)"}, {binder, "Binder cumulant"}}
	// A colour for each lattice, told apart by those who see few.
	colours = map[int]color.Color{4: color.NRGBA{0x1b, 0x6c, 0xa8, 0xff}, 8: color.NRGBA{0xd1, 0x5a, 0x1e, 0xff}}
)

// points are those of a plot with their errors.
type points struct {
	plotter.XYs
	plotter.YErrors
}

// draw makes the picture: a panel for each observable, over κ.
func draw(file string, have map[string]*outcome) error {
	const width, height = 7.5 * vg.Inch, 3 * vg.Inch
	row := make([]*plot.Plot, len(panels))
	for i, q := range panels {
		row[i] = plot.New()
		row[i].Title.Text, row[i].X.Label.Text = q.title, "hopping parameter κ"
		row[i].Title.TextStyle.Font.Size = 10
		row[i].Legend.TextStyle.Font.Size, row[i].Legend.Padding = 6, vg.Points(2)
		row[i].Legend.Top, row[i].Legend.Left = i == 1, i == 0
		if i == 0 {
			row[i].Legend.Top = true
		}
		for _, l := range extents {
			if err := add(row[i], q.name, l, have, i == 0); err != nil {
				return err
			}
		}
	}
	c := vgsvg.New(width, height)
	tiles := canvas.Tiles{Rows: 1, Cols: len(row), PadX: vg.Points(10), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(8)}
	for i, at := range plot.Align([][]*plot.Plot{row}, tiles, canvas.New(c))[0] {
		row[i].Draw(at)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := c.WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

// add draws an observable of a lattice: chains as a line, runs with learned paths as dots, rings where the path was given up
// for tempering, with errors of one standard error, references as crosses.
func add(p *plot.Plot, name string, extent int, have map[string]*outcome, legend bool) error {
	var long, known plotter.XYs
	var learned, given points // where the learned path was kept, and where the run tempered in its place
	all := append(append([]float64{}, kappas...), between...)
	slices.Sort(all)
	for _, k := range all {
		at := point{extent, k}
		if o := have["chains "+at.String()]; o != nil {
			long = append(long, plotter.XY{X: k, Y: o.Observables[name].Value})
		}
		if o := have[at.String()]; o != nil {
			e, dots := o.Observables[name], &learned
			if o.tempered() {
				dots = &given
			}
			dots.XYs = append(dots.XYs, plotter.XY{X: k, Y: e.Value})
			dots.YErrors = append(dots.YErrors, struct{ Low, High float64 }{e.SE, e.SE})
		}
		if v, ok := references[at].observables[name]; ok {
			known = append(known, plotter.XY{X: k, Y: v})
		}
	}
	label := point{extent: extent}.lattice()
	colour := colours[extent]
	if len(long) > 0 {
		line, err := plotter.NewLine(long)
		if err != nil {
			return err
		}
		line.Color = colour
		p.Add(line)
		if legend {
			p.Legend.Add(label+", HMC", line)
		}
	}
	for _, d := range []struct {
		points
		glyph canvas.GlyphDrawer
		name  string
	}{{learned, canvas.CircleGlyph{}, "learned path"}, {given, canvas.RingGlyph{}, "tempered"}} {
		if len(d.XYs) == 0 {
			continue
		}
		bars, err := plotter.NewYErrorBars(d.points)
		if err != nil {
			return err
		}
		bars.Color = colour
		s, err := plotter.NewScatter(d.XYs)
		if err != nil {
			return err
		}
		s.Color, s.Shape, s.Radius = colour, d.glyph, vg.Points(2.5)
		p.Add(bars, s)
		if legend {
			p.Legend.Add(label+", "+d.name, s)
		}
	}
	if len(known) > 0 {
		s, err := plotter.NewScatter(known)
		if err != nil {
			return err
		}
		s.Color, s.Shape, s.Radius = color.Black, canvas.CrossGlyph{}, vg.Points(3.5)
		if extent == 8 {
			s.Shape = canvas.PlusGlyph{}
		}
		p.Add(s)
		if legend {
			p.Legend.Add(label+", reference", s)
		}
	}
	return nil
}
