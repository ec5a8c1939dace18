package targets

import (
	"fmt"
	"math"

	"github.com/sampan-mc/sampan/vec/rng"
)

// maxRotatedDim bounds the dimension in which a density can be rotated: the matrix holds its square.
const maxRotatedDim = 4096

// haar draws an orthogonal matrix from the uniform law: Gram and Schmidt's process on the columns of a matrix of
// independent standard normals, whose triangular factor has a positive diagonal (F. Mezzadri, "How to generate random
// matrices from the classical compact groups", Notices of the AMS 54, 2007). Every column is made orthogonal twice,
// after which it is so to the last digits. Column j is drawn in slot j.
func haar(d int, seed uint64) []float64 {
	key := rng.NewKey(seed, "targets/rotation", 0)
	cols := make([][]float64, d)
	for j := range cols {
		v := make([]float64, d)
		key.Normals(v, uint32(j), 0, 0)
		for range 2 {
			for _, u := range cols[:j] {
				c := dot(u, v)
				for i, e := range u {
					v[i] -= c * e
				}
			}
		}
		norm := math.Sqrt(dot(v, v))
		for i := range v {
			v[i] /= norm
		}
		cols[j] = v
	}
	q := make([]float64, d*d)
	for j, c := range cols {
		for i, v := range c {
			q[i*d+j] = v
		}
	}
	return q
}

// notReal is the first parameter that is not declared real, if there is one.
func notReal(in Info) (Param, bool) {
	for _, p := range in.Params {
		if p.Support != Real {
			return p, true
		}
	}
	return Param{}, false
}

// rotationOption is the key that every target on the reals takes.
var rotationOption = Option{"rotation", "integer", "", "seed of a fixed random rotation x = Q z that the target is put under"}

// rotation reads that key for d, which is nil where its own configuration is at fault.
func (r *reader) rotation(d Density) (seed uint64, given bool) {
	v, given := r.get(rotationOption.Key)
	if !given {
		return 0, false
	}
	if d != nil {
		in := d.Info()
		if p, bad := notReal(in); bad {
			r.fault(rotationOption.Key, show(v), fmt.Sprintf("no rotation, as the parameter %s is %v: only the reals can be rotated", p.Name, p.Support))
			return 0, false
		}
		if n := in.Dim(); n > maxRotatedDim {
			r.fault(rotationOption.Key, show(v), fmt.Sprintf("no rotation in dimension %d: at most %d", n, maxRotatedDim))
			return 0, false
		}
	}
	return uint64(r.float(rotationOption.Key, 0, "a whole number from 0 to 2^53", func(f float64) bool {
		return f >= 0 && f <= 1<<53 && f == math.Trunc(f)
	})), true
}
