package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// jets is what evaluation by jets shares: a net's hidden layers and their reverse pass, one tile at a time.
type jets[T vec.Float] struct {
	net   *nn.MLP[T]
	in    *Input[T]
	shift *shift[T] // nil: no conditions
	act   vec.Act
	full  bool         // Laplacian and time derivative too
	probe tile.Tile[T] // in place of coordinates, one direction for each particle; the zero tile: coordinates
	d, p  int
	j     int            // channels
	x     []tile.Tile[T] // x[l] is the input of layer l ≥ 1, with its row of ones
	z     []tile.Tile[T] // z[l] is what layer l puts out, before the activation
	h     []tile.Tile[T] // h[l] is the activation: x[l+1] but for a skip
	bar   tile.Tile[T]   // cotangents of a hidden layer, and
	bar2  tile.Tile[T]   // of the one before
	scale []T            // Scale, p times
	sums  []T            // of the first layer's cotangents
	u     tile.Tile[T]   // the jets of the features, for sinks that want to see them
}

func newJets[T vec.Float](net, time *nn.MLP[T], in *Input[T], full bool, a *tile.Arena[T]) *jets[T] {
	return newJetsOf(net, time, in, in.Dim, full, a)
}

// newJetsOf has d gradient channels, in whatever directions.
func newJetsOf[T vec.Float](net, time *nn.MLP[T], in *Input[T], d int, full bool, a *tile.Arena[T]) *jets[T] {
	j := &jets[T]{net: net, in: in, act: activation(net.Act), full: full, d: d, p: in.u.P, j: d + 1}
	if full {
		j.j += 2
	}
	if time != nil {
		j.shift = newShift(time, in, full, a)
	}
	n := j.j * j.p
	j.x = append(j.x, none[T]())
	for l, h := range net.Hidden {
		j.z = append(j.z, zeros(a, h, n))
		x := a.Input(h, n)
		clear(x.Row(h)[j.p:]) // a bias acts on values alone
		j.x = append(j.x, x)
		if net.Skips(l) {
			j.h = append(j.h, a.Tile(h, n))
		} else {
			j.h = append(j.h, x.Slice(0, h))
		}
	}
	j.bar, j.bar2 = a.Tile(widest(net), n), a.Tile(widest(net), n)
	j.scale = a.Slice(j.p)
	for i := range j.scale {
		j.scale[i] = T(in.Scale)
	}
	j.sums = a.Slice(net.Hidden[0] * j.j)
	j.u = zeros(a, in.u.Rows, n)
	for i := range min(j.d, in.Dim) {
		copy(j.channel(j.u, 1+i).Row(i), j.scale)
	}
	return j
}

// channel is the view of one channel.
func (j *jets[T]) channel(t tile.Tile[T], c int) tile.Tile[T] { return t.Columns(c*j.p, (c+1)*j.p) }

// rate is the channel of time derivatives.
func (j *jets[T]) rate(t tile.Tile[T]) tile.Tile[T] { return j.channel(t, j.d+2) }

// Begin fills in the gradient channels of the first layer.
func (j *jets[T]) Begin(w *nn.Params[T]) {
	if j.shift != nil {
		j.shift.Begin(w)
	}
	if !j.probe.IsZero() {
		return
	}
	wt, rows, s := w.Transposed(j.net.Layers[0]), j.net.Layers[0].Rows(), T(j.in.Scale)
	for o := range j.net.Hidden[0] {
		z := j.z[0].Row(o)[j.p:]
		for i, v := range wt[o*rows : o*rows+j.d] {
			c := z[i*j.p : (i+1)*j.p]
			for q := range c {
				c[q] = s * v
			}
		}
	}
}

// End has nothing to add.
func (j *jets[T]) End(*nn.Params[T], nn.Sink[T]) {}

// forward runs the hidden layers on the tile that in holds.
func (j *jets[T]) forward(w *nn.Params[T]) {
	first, value, rate := j.net.Layers[0], none[T](), none[T]()
	if j.shift != nil {
		value, rate = j.shift.forward(w)
	}
	w.Apply(first, j.in.u, j.channel(j.z[0], 0), value)
	if !j.probe.IsZero() {
		z := j.channel(j.z[0], 1)
		vec.Gemm(first.Out, j.p, j.probe.Rows, w.Transposed(first), first.Rows(), 1, j.probe.Data, j.probe.LD, nil, 0, z.Data, z.LD)
	}
	if j.full {
		zt := j.rate(j.z[0])
		vec.Gemm(first.Out, j.p, j.in.slope.Rows, w.Transposed(first)[j.d:], first.Rows(), 1, j.in.slope.Data, j.in.slope.LD, rate.Data, rate.LD, zt.Data, zt.LD)
	}
	for l, z := range j.z {
		if l > 0 {
			w.Apply(j.net.Layers[l], j.x[l], z, none[T]())
		}
		if h := j.h[l].Data; j.full {
			vec.JetLaplace(j.act, h, z.Data, z.Rows, j.d, j.p, z.LD)
		} else {
			vec.JetGrad(j.act, h, z.Data, z.Rows, j.d, j.p, z.LD)
		}
		if j.net.Skips(l) {
			n := len(j.h[l].Data)
			vec.Add(j.x[l+1].Data[:n], j.h[l].Data, j.x[l].Data[:n])
		}
	}
}

// backward takes the cotangents of the last hidden layer, in bar, down to the first.
func (j *jets[T]) backward(w *nn.Params[T], s nn.Sink[T]) {
	for l := len(j.z) - 1; l >= 0; l-- {
		z, h, bar, skip := j.z[l], j.h[l].Data, j.bar.Slice(0, j.z[l].Rows), none[T]()
		if j.net.Skips(l) {
			skip = j.bar2.Slice(0, z.Rows)
			skip.Copy(bar)
		}
		if j.full {
			vec.JetLaplaceBack(j.act, bar.Data, z.Data, h, z.Rows, j.d, j.p, z.LD)
		} else {
			vec.JetGradBack(j.act, bar.Data, z.Data, h, z.Rows, j.d, j.p, z.LD)
		}
		if l == 0 {
			j.first(w, s, bar)
			return
		}
		s.Dense(j.net.Layers[l], j.x[l], bar)
		w.Adjoint(j.net.Layers[l], bar, j.bar2.Slice(0, j.z[l-1].Rows), skip)
		j.bar, j.bar2 = j.bar2, j.bar
	}
}

// first tells the sink of the first layer. Its input jets are the features, Scale in row i of gradient i, and the
// features' time derivatives: a gradient wants no matrix product for what is constant.
func (j *jets[T]) first(w *nn.Params[T], s nn.Sink[T], bar tile.Tile[T]) {
	layer := j.net.Layers[0]
	if j.shift != nil {
		rate := none[T]()
		if j.full {
			rate = j.rate(bar)
		}
		j.shift.backward(w, j.channel(bar, 0), rate, s)
	}
	if g, ok := s.(*nn.Gradient[T]); ok {
		s.Dense(layer, j.in.u, j.channel(bar, 0))
		if j.full {
			times := nn.Dense{In: j.in.slope.Rows, Out: layer.Out, Off: layer.Off + j.d*layer.Out, NoBias: true}
			s.Dense(times, j.in.slope, j.rate(bar))
		}
		if !j.probe.IsZero() {
			s.Dense(nn.Dense{In: j.probe.Rows, Out: layer.Out, Off: layer.Off, NoBias: true}, j.probe, j.channel(bar, 1))
			return
		}
		if j.d == 0 {
			return
		}
		clear(j.sums)
		vec.DotRows(j.sums, 1, bar.Data, len(j.sums), j.p, j.scale) // all channels of all features, in one go
		for o := range bar.Rows {
			for i, v := range j.sums[o*j.j+1 : o*j.j+1+j.d] {
				g.G[layer.Off+i*layer.Out+o] += v
			}
		}
		return
	}
	j.channel(j.u, 0).Copy(j.in.u)
	if !j.probe.IsZero() {
		j.channel(j.u, 1).Slice(0, j.probe.Rows).Copy(j.probe)
	}
	if j.full {
		j.rate(j.u).Slice(j.d, j.d+j.in.slope.Rows).Copy(j.in.slope)
	}
	s.Dense(layer, j.u, bar)
}

// inputs sets dst to the cotangent of the input's rows. Those of the gradient channels are constants.
func (j *jets[T]) inputs(w *nn.Params[T], dst tile.Tile[T]) {
	w.Adjoint(j.net.Layers[0], j.channel(j.bar.Slice(0, j.z[0].Rows), 0), dst, none[T]())
}
