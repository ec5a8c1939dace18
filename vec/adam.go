package vec

// AdamStep holds the numbers of one step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), with g the
// gradient times Clip:
//
//	m = Beta1·m + (1−Beta1)·g      v = Beta2·v + (1−Beta2)·g²      p = Keep·p − Rate·m/(Root·√v + Eps)
//
// Rate holds the first bias correction, η/(1−β₁ᵗ), Root the second, 1/√(1−β₂ᵗ), and Keep the weight decay, 1−ηλ.
type AdamStep[T Float] struct{ Clip, Beta1, Beta2, Keep, Rate, Root, Eps T }

// Adam makes one step on parameters p with moments m and v.
func Adam[T Float](p, m, v, g []T, s AdamStep[T]) {
	if len(p) != len(m) || len(p) != len(v) || len(p) != len(g) {
		panic(badLength)
	}
	if len(p) > 0 {
		use[T]().adam(at(p), at(m), at(v), at(g), len(p), s.Clip, s.Beta1, s.Beta2, s.Keep, s.Rate, s.Root, s.Eps)
	}
}
