package vec

// spinLoop is the loop of twelve independent multiply-adds of this level, and its lanes.
func spinLoop[T Float]() (loop func(int), lanes int) {
	switch {
	case level == "avx512" && single[T]():
		return spin32avx512, 16
	case level == "avx512":
		return spin64avx512, 8
	case level == "avx2" && single[T]():
		return spin32avx2, 8
	case level == "avx2":
		return spin64avx2, 4
	}
	return nil, 0
}
