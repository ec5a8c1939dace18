//go:build !unix

package sdk

import "os"

// takeStdio keeps standard output for the protocol; what the component's Go code prints goes to standard error.
func takeStdio() (handshake, lifeline *os.File, err error) {
	handshake, lifeline = os.Stdout, os.Stdin
	os.Stdout = os.Stderr
	null, err := os.Open(os.DevNull)
	os.Stdin = null
	return handshake, lifeline, err
}

func ignoreBrokenPipes() {}

func leaveWithGroup() { os.Exit(0) }
