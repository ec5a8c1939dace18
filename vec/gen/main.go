// Command gen writes the machine code of package vec: one source of formulas, two instruction sets.
//
// A kernel is described in a small vector language (lang.go) whose operations exist for AVX-512 and for AVX2 with FMA; the
// formulas know nothing of either. The generator refuses to write an AVX2 file that holds an instruction or a register of
// AVX-512: avo's allocator would hand out Y16 to Y31 without a word where sixteen registers do not suffice.
//
//	go run . ..
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// subjects lists the files and what goes into each.
var subjects = []struct {
	name   string
	emit   func()
	narrow bool // no form for AVX-512: it uses the other's
}{
	{"gemm", gemms, false},
	{"functions", functions, false},
	{"arithmetic", arithmetic, false},
	{"random", random, false},
	{"peak", peaks, false},
	{"jets", jets, false},
	{"reduce", reductions, false},
	{"transpose", transposes, true},
	{"gather", gathers, false},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("vec/gen: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FOLDER")
	}
	for _, wide = range []bool{false, true} {
		for _, s := range subjects {
			if wide && s.narrow {
				continue
			}
			if err := write(os.Args[1], s.name, s.emit); err != nil {
				log.Fatalf("%s: %v", s.name+isa(), err)
			}
		}
	}
}

// write generates one subject for the current instruction set.
func write(dir, subject string, emit func()) error {
	g = build.NewContext()
	g.ConstraintExpr("amd64")
	consts = map[string]operand.Mem{}
	emit()
	f, err := g.Result()
	if err != nil {
		return err
	}
	for _, fn := range f.Functions() { // one by one, so that an error has a name
		part := &ir.File{Sections: []ir.Section{fn}}
		if err := pass.Compile.Execute(part); err != nil {
			return fmt.Errorf("%s: %w", fn.Name, err)
		}
		f.Includes = part.Includes
	}
	if !wide {
		if err := onlyAVX2(f); err != nil {
			return err
		}
	}
	cfg := printer.Config{Name: "vec/gen", Pkg: "vec"}
	for ext, p := range map[string]printer.Printer{
		"_amd64.s":        printer.NewGoAsm(cfg),
		"_stubs_amd64.go": printer.NewStubs(cfg),
	} {
		text, err := p.Print(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, subject+"_"+isa()+ext), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// function begins a kernel; its body follows.
func function(name, signature string) {
	g.Function(name + isa())
	g.Attributes(attr.NOSPLIT)
	g.SignatureExpr(signature)
	g.Pragma("noescape")
}

func finish() {
	g.VZEROUPPER()
	g.RET()
}

func onlyAVX2(f *ir.File) error {
	for _, fn := range f.Functions() {
		for _, i := range fn.Instructions() {
			if err := vexOnly(i); err != nil {
				return fmt.Errorf("%s: %w", fn.Name, err)
			}
		}
	}
	return nil
}
