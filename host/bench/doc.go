// Package bench measures what the vector core does on this machine, for users who wonder what to expect of it and for
// developers who change it: the processor's peak, the kernels, whole training steps, and how these scale over workers.
//
// The yardstick is a loop of independent multiply-adds in registers (vec.MultiplyAdds) in the instruction set in use. It
// runs right before and right after each piece of work, in turns, and in the same clock, so that what slows the processor
// down slows both: neighbours on a shared machine, a lower clock under wide vectors. With ops the operations that the loop
// would have done while a piece of work took its time, all of them medians over rounds,
//
//	fraction of peak    = operations of the work / ops
//	cycles per element  = ops / (operations of the loop in a cycle · elements)
//
// where a cycle of the loop holds two vector multiply-adds, as in all processors with AVX2 and in those with AVX-512 that
// have two units for it. A processor with one does a cycle in half the time that is taken for it here.
//
// Times are processor time, of the thread for kernels and of the whole process for steps; scaling has wall time beside it,
// which means something on an idle machine only. Operations of a step are those of its matrix products; steps.go says for
// each step which of them count.
package bench
