package vec

import "golang.org/x/sys/cpu"

// detect lists what the processor and the operating system offer.
func detect() {
	x := cpu.X86
	if !(x.HasAVX2 && x.HasFMA && x.HasBMI2) {
		return
	}
	levels = append([]string{"avx2"}, levels...)
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW {
		levels = append([]string{"avx512"}, levels...)
	}
}

// install puts the kernels of a level into the tables.
func install(level string) {
	switch level {
	case "avx512":
		installAVX512(&k32, &k64)
	case "avx2":
		installAVX2(&k32, &k64)
	}
}
