// Sampan draws from densities known up to a constant. See README.md.
package main

import (
	"os"

	"github.com/sampan-mc/sampan/host/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.Std())) }
