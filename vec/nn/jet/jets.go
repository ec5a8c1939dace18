package jet

import (
	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/nn"
	"github.com/sampan-mc/sampan/vec/tile"
)

// jets is what Field and Potential share: a net's hidden layers and their reverse pass, one tile at a time.
type jets[T vec.Float] struct {
	net   *nn.MLP[T]
	in    *Input[T]
	act   vec.Act
	full  bool // Laplacian and time derivative too
	d, p  int
	j     int            // channels
	x     []tile.Tile[T] // x[l] is the input of layer l ≥ 1, with its row of ones
	z     []tile.Tile[T] // z[l] is what layer l puts out, before the activation
	bar   tile.Tile[T]   // cotangents of a hidden layer, and
	bar2  tile.Tile[T]   // of the one before
	scale []T            // Scale, p times
	sums  []T            // of the first layer's cotangents
	u     tile.Tile[T]   // the jets of the features, for sinks that want to see them
}

func newJets[T vec.Float](net *nn.MLP[T], in *Input[T], full bool, a *tile.Arena[T]) *jets[T] {
	j := &jets[T]{net: net, in: in, act: activation(net.Act), full: full, d: in.Dim, p: in.u.P, j: in.Dim + 1}
	if full {
		j.j += 2
	}
	n := j.j * j.p
	j.x = append(j.x, none[T]())
	for l, h := range net.Hidden {
		j.z = append(j.z, a.Tile(h, n))
		j.z[l].Fill(0)
		x := a.Input(h, n)
		clear(x.Row(h)[j.p:]) // a bias acts on values alone
		j.x = append(j.x, x)
	}
	j.bar, j.bar2 = a.Tile(widest(net), n), a.Tile(widest(net), n)
	j.scale = a.Slice(j.p)
	for i := range j.scale {
		j.scale[i] = T(in.Scale)
	}
	j.sums = a.Slice(net.Hidden[0] * j.j)
	j.u = a.Tile(in.Width()+1, n)
	j.u.Fill(0)
	for i := range j.d {
		copy(j.channel(j.u, 1+i).Row(i), j.scale)
	}
	return j
}

// channel is the view of one channel.
func (j *jets[T]) channel(t tile.Tile[T], c int) tile.Tile[T] { return t.Columns(c*j.p, (c+1)*j.p) }

// Begin fills in the gradient channels of the first layer, which depend on the weights alone: once per change of the
// parameters, before the first tile.
func (j *jets[T]) Begin(w *nn.Params[T]) {
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

// forward runs the hidden layers on the tile that in holds.
func (j *jets[T]) forward(w *nn.Params[T]) {
	first := j.net.Layers[0]
	w.Apply(first, j.in.u, j.channel(j.z[0], 0), none[T]())
	if j.full {
		zt := j.channel(j.z[0], j.d+2)
		vec.Gemm(first.Out, j.p, j.in.Time.Rows(), w.Transposed(first)[j.d:], first.Rows(), 1, j.in.slope.Data, j.p, nil, 0, zt.Data, zt.LD)
	}
	for l, z := range j.z {
		if l > 0 {
			w.Apply(j.net.Layers[l], j.x[l], z, none[T]())
		}
		if h := j.x[l+1].Data; j.full {
			vec.JetLaplace(j.act, h, z.Data, z.Rows, j.d, j.p, z.LD)
		} else {
			vec.JetGrad(j.act, h, z.Data, z.Rows, j.d, j.p, z.LD)
		}
	}
}

// backward takes the cotangents of the last hidden layer, in bar, down to the first.
func (j *jets[T]) backward(w *nn.Params[T], s nn.Sink[T]) {
	for l := len(j.z) - 1; l >= 0; l-- {
		z, h, bar := j.z[l], j.x[l+1].Data, j.bar.Slice(0, j.z[l].Rows)
		if j.full {
			vec.JetLaplaceBack(j.act, bar.Data, z.Data, h, z.Rows, j.d, j.p, z.LD)
		} else {
			vec.JetGradBack(j.act, bar.Data, z.Data, h, z.Rows, j.d, j.p, z.LD)
		}
		if l == 0 {
			j.first(s, bar)
			return
		}
		s.Dense(j.net.Layers[l], j.x[l], bar)
		w.Adjoint(j.net.Layers[l], bar, j.bar2.Slice(0, j.z[l-1].Rows), none[T]())
		j.bar, j.bar2 = j.bar2, j.bar
	}
}

// first tells the sink of the first layer. Its input jets are the features, Scale in row i of gradient i, and the
// features' time derivatives: a gradient wants no matrix product for what is constant.
func (j *jets[T]) first(s nn.Sink[T], bar tile.Tile[T]) {
	layer := j.net.Layers[0]
	if g, ok := s.(*nn.Gradient[T]); ok {
		s.Dense(layer, j.in.u, j.channel(bar, 0))
		if j.full {
			times := nn.Dense{In: j.in.Time.Rows(), Out: layer.Out, Off: layer.Off + j.d*layer.Out, NoBias: true}
			s.Dense(times, j.in.slope, j.channel(bar, j.d+2))
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
	if j.full {
		j.channel(j.u, j.d+2).Slice(j.d, j.in.Width()).Copy(j.in.slope)
	}
	s.Dense(layer, j.u, bar)
}
