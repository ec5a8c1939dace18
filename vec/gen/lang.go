package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A V is a value of the language: U independent vectors, worked on in turn, so that the latency of one hides behind the
// others. Every operation allocates its result, but for those said to work in place.
type V []Op

// A mask has a truth value for each lane: an opmask register (AVX-512) or a vector of zeros and ones (AVX2).
type mask []Op

var (
	g    *build.Context
	wide bool // AVX-512
	U    = 1
)

// num is the type of the elements: float64 if d.
type num struct{ d bool }

var f32, f64 = num{false}, num{true}

func isa() string {
	if wide {
		return "avx512"
	}
	return "avx2"
}

func bytes() int {
	if wide {
		return 64
	}
	return 32
}

func (l num) size() int  { return pick(l.d, 8, 4) }
func (l num) lanes() int { return bytes() / l.size() }
func (l num) shift() Op  { return Imm(uint64(pick(l.d, 3, 2))) }
func (l num) String() string {
	return pick(l.d, "float64", "float32")
}

// name is a kernel's name for this type, before the instruction set.
func (l num) name(s string) string { return s + pick(l.d, "64", "32") }

func pick[T any](c bool, a, b T) T {
	if c {
		return a
	}
	return b
}

func vec() VecVirtual {
	if wide {
		return g.ZMM()
	}
	return g.YMM()
}

func fresh() V {
	r := make(V, U)
	for i := range r {
		r[i] = vec()
	}
	return r
}

// spread uses one register for all U vectors.
func spread(v Op) V {
	r := make(V, U)
	for i := range r {
		r[i] = v
	}
	return r
}

// each emits f once for each of the U vectors; single operands are shared.
func each(f any, ops ...any) {
	for i := range U {
		o := make([]Op, len(ops))
		for j, x := range ops {
			switch t := x.(type) {
			case V:
				o[j] = t[i]
			case mask:
				o[j] = t[i]
			case Op:
				o[j] = t
			}
		}
		emit(f, o)
	}
}

func emit(f any, o []Op) {
	switch f := f.(type) {
	case func(...Op):
		f(o...)
	case func(Op, Op):
		f(o[0], o[1])
	case func(Op, Op, Op):
		f(o[0], o[1], o[2])
	case func(Op, Op, Op, Op):
		f(o[0], o[1], o[2], o[3])
	default:
		panic(fmt.Sprintf("instruction of type %T", f))
	}
}

// op emits the form of an instruction for this type and returns its result.
func (l num) op(of64, of32 any, ops ...any) V {
	r := fresh()
	each(pick(l.d, of64, of32), append(ops, r)...)
	return r
}

// word puts the bits of a constant of w bytes into read-only memory, once a file.
func word(bits uint64, w int) Mem {
	name := fmt.Sprintf("c%d_%0*x", 8*w, 2*w, bits)
	if m, ok := consts[name]; ok {
		return m
	}
	var m Mem
	if w == 8 {
		m = g.ConstData(name, U64(bits))
	} else {
		m = g.ConstData(name, U32(uint32(bits)))
	}
	consts[name] = m
	return m
}

var consts map[string]Mem

func (l num) bits(x float64) uint64 {
	if l.d {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}
func (l num) mem(x float64) Mem { return word(l.bits(x), l.size()) }

// broadcast loads an element into all lanes of one register, shared by the U vectors: do not write to it.
func (l num) broadcast(m Op) V {
	v := vec()
	emit(pick[any](l.d, g.VBROADCASTSD, g.VBROADCASTSS), []Op{m, v})
	return spread(v)
}
func (l num) k(x float64) V    { return l.broadcast(l.mem(x)) }
func (l num) kbits(x uint64) V { return l.broadcast(word(x, l.size())) }

// set returns fresh registers that hold x.
func (l num) set(x float64) V {
	if x != 0 {
		return l.copy(l.k(x))
	}
	r := fresh()
	for _, v := range r {
		zero(v)
	}
	return r
}

func zero(v Op) {
	if wide {
		g.VPXORD(v, v, v)
	} else {
		g.VXORPS(v, v, v)
	}
}

func (l num) copy(a V) V { return l.op(g.VMOVAPS, g.VMOVAPS, a) }
