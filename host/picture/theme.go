package picture

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
)

// Sizes on paper, in points, 72 of which are an inch; and dots to an inch.
const (
	panelWidth, panelHeight = 100.0, 112.0
	stripWidth, stripHeight = 165.0, 108.0
	gap                     = 6
	textSize                = 8
	margin                  = 30.0 // for the labels at the left
	dotsPerInch             = 144
)

var ink = color.Gray{Y: 0x40}

// shades go from white, where there is nothing, to a dark blue.
func shades() palette.Palette {
	blues := []color.Color{
		color.NRGBA{0x08, 0x1d, 0x58, 0xff}, color.NRGBA{0x22, 0x5e, 0xa8, 0xff}, color.NRGBA{0x41, 0xb6, 0xc4, 0xff},
		color.NRGBA{0xc7, 0xe9, 0xb4, 0xff}, color.NRGBA{0xff, 0xff, 0xff, 0xff},
	}
	up, err := moreland.NewLuminance(blues)
	if err != nil {
		panic(err) // the colours above get brighter
	}
	up.SetMin(0)
	up.SetMax(1)
	return palette.Reverse(up).Palette(256)
}

// blank is a plot with nothing in it.
func blank(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.BackgroundColor = color.White
	p.Title.TextStyle.Font.Variant, p.Title.TextStyle.Font.Size, p.Title.TextStyle.Color, p.Title.Padding = "Sans", textSize, ink, 3
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle.Width, a.LineStyle.Color = 0.5, ink
		a.Label.TextStyle.Font.Variant, a.Label.TextStyle.Font.Size, a.Label.TextStyle.Color = "Sans", textSize, ink
		a.Tick.Label.Font.Variant, a.Tick.Label.Font.Size, a.Tick.Label.Color = "Sans", 0.8*textSize, ink
		a.Tick.LineStyle.Width, a.Tick.LineStyle.Color, a.Tick.Length = 0.5, ink, 2
	}
	return p
}

// few are ticks of which only the main ones have labels.
type few struct{}

func (few) Ticks(lo, hi float64) []plot.Tick {
	all := plot.DefaultTicks{}.Ticks(lo, hi)
	for i := range all {
		if all[i].IsMinor() {
			all[i].Label = ""
		}
	}
	return all
}
