package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/reg"
)

// vexOnly is an error if i needs more than AVX2 and FMA.
func vexOnly(i *ir.Instruction) error {
	for _, set := range i.ISA {
		if strings.HasPrefix(set, "AVX512") {
			return fmt.Errorf("%s belongs to %s", i.Opcode, set)
		}
	}
	for _, r := range i.Registers() {
		p := reg.ToPhysical(r)
		switch {
		case p == nil:
		case p.Kind() == reg.KindOpmask:
			return fmt.Errorf("%s uses mask %s", i.Opcode, p.Asm())
		case p.Kind() == reg.KindVector && (p.PhysicalIndex() >= 16 || p.Size() == 64):
			return fmt.Errorf("%s uses %s: too many live values for sixteen registers", i.Opcode, p.Asm())
		}
	}
	return nil
}
