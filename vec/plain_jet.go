package vec

// derivatives is an activation with its first three derivatives.
type derivatives func(x float64) (h, d, d2, d3 float64)

// Channels of a row of jets: value at 0, gradients at p, 2p, …, d·p, then, if full, Laplacian and time derivative.
func plainJet[T Float](f derivatives, full bool) jet[T] {
	return func(dst, z *T, rows, d, p, ld int) {
		channels := d + 1
		if full {
			channels += 2
		}
		out, in := matrix(dst, rows, channels*p, ld), matrix(z, rows, channels*p, ld)
		for r := range rows {
			for j := range p {
				h, f1, f2, _ := f(float64(in[r*ld+j]))
				o := r*ld + j
				out[o] = flush[T](h)
				sum := 0.0
				for range d {
					o += p
					g := float64(in[o])
					sum += g * g
					out[o] = T(f1 * g)
				}
				if full {
					o += p
					out[o] = T(f1*float64(in[o]) + f2*sum)
					o += p
					out[o] = T(f1 * float64(in[o]))
				}
			}
		}
	}
}

func plainJetBack[T Float](f derivatives, full bool) jetBack[T] {
	return func(bar, z, _ *T, rows, d, p, ld int) {
		channels := d + 1
		if full {
			channels += 2
		}
		b, in := matrix(bar, rows, channels*p, ld), matrix(z, rows, channels*p, ld)
		for r := range rows {
			for j := range p {
				_, f1, f2, f3 := f(float64(in[r*ld+j]))
				o := r*ld + j
				lap := 0.0
				if full {
					lap = float64(b[o+(d+1)*p])
				}
				sum, mix := 0.0, 0.0
				for i := 1; i <= d; i++ {
					g, c := float64(in[o+i*p]), float64(b[o+i*p])
					sum += g * g
					mix += c * g
					b[o+i*p] = T(f1*c + 2*f2*g*lap)
				}
				for i := d + 1; i < channels; i++ {
					c := float64(b[o+i*p])
					mix += c * float64(in[o+i*p])
					b[o+i*p] = T(f1 * c)
				}
				b[o] = T(f1*float64(b[o]) + f2*mix + f3*lap*sum)
			}
		}
	}
}
