//go:build !amd64

package vec

func spinLoop[T Float]() (func(int), int) { return nil, 0 }
