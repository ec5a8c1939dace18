package vec

// MultiplyAdds runs the loop that rates are held against, n rounds of independent multiply-adds in registers, and returns
// how many floating-point operations it did, two to a multiply-add and lane.
func MultiplyAdds[T Float](n int) float64 {
	k := use[T]()
	k.spin(max(n, 1))
	return float64(max(n, 1)) * 2 * spinChains * float64(k.lanes)
}

// spinChains is the number of independent chains: as many as fit beside two constants into sixteen registers, and more than
// hide the latency of a multiply-add.
const spinChains = 12

// plainSpin is the loop in plain Go.
func plainSpin[T Float](n int) {
	a, b := T(0.9999), T(1e-5)
	var c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11 T
	for range n {
		c0, c1, c2, c3 = c0*a+b, c1*a+b, c2*a+b, c3*a+b
		c4, c5, c6, c7 = c4*a+b, c5*a+b, c6*a+b, c7*a+b
		c8, c9, c10, c11 = c8*a+b, c9*a+b, c10*a+b, c11*a+b
	}
	if s := c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11; s < 0 { // keeps the loop
		panic("vec: sum of positive numbers is negative")
	}
}
