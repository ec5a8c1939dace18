//go:build !amd64

package vec

func detect() {}

func install(string) {}
