package bench

import "github.com/sampan-mc/sampan/host/record"

// Report is what was measured; its JSON is a contract with scripts. Rates are in 10⁹ floating-point operations a second,
// times of steps in milliseconds. What does not apply is NaN, null in JSON.
type Report struct {
	Version  string          `json:"version"` // of Sampan, if the caller fills it in
	Go       string          `json:"go"`
	CPU      string          `json:"cpu"`
	Cores    int             `json:"cores"`
	ISA      string          `json:"isa"`       // vec.Level: avx512, avx2 or generic
	Load     [2]record.Float `json:"load"`      // runnable processes, the average of the last minute, before and after
	FMAPeak  Peak            `json:"fma_peak"`  // of one core
	ClockGHz record.Float    `json:"clock_ghz"` // from the f32 peak, at two vector multiply-adds a cycle
	Kernels  []Kernel        `json:"kernels"`
	Steps    []Step          `json:"train_step"`
	Scaling  []Scaling       `json:"scaling"`
}

// Peak is the rate of the loop of multiply-adds.
type Peak struct {
	F32 record.Float `json:"f32"`
	F64 record.Float `json:"f64"`
}

// Kernel is one kernel, on one core. Only matrix products have a rate, and a fraction of peak. An element is one of the
// result.
type Kernel struct {
	Name     string       `json:"name"`
	DType    string       `json:"dtype"` // f32 or f64
	Shape    string       `json:"shape"`
	GFlops   record.Float `json:"gflops"`
	Fraction record.Float `json:"fraction"`
	Nanos    record.Float `json:"ns_per_element"`
	Cycles   record.Float `json:"cycles_per_element"`
	Rounds   int          `json:"rounds"`
}

// Step is one training step with one worker: processor time, and what share of the peak its matrix products are.
type Step struct {
	Name     string       `json:"name"`
	Shape    string       `json:"shape"`
	DType    string       `json:"dtype"`
	Workers  int          `json:"workers"`
	Form     string       `json:"form,omitempty"` // the fastest, where there are several
	MS       record.Float `json:"ms"`
	GFlops   record.Float `json:"gflops"`
	Fraction record.Float `json:"fraction"`
	Rounds   int          `json:"rounds"`

	Forms map[string]record.Float `json:"forms,omitempty"` // ms of each form
}

// Scaling is a step over more and more workers, always beginning with one.
type Scaling struct {
	Name   string    `json:"name"`
	Shape  string    `json:"shape"`
	DType  string    `json:"dtype"`
	Rounds int       `json:"rounds"`
	Over   []Workers `json:"over"`
}

// Workers is a step with that many workers, allowed as many processors.
type Workers struct {
	Workers int          `json:"workers"`
	CPU     record.Float `json:"cpu_ms"`
	Wall    record.Float `json:"wall_ms"`
	SpeedUp record.Float `json:"speed_up"`      // in wall time: the median of the rounds' ratios
	Best    record.Float `json:"speed_up_best"` // of the shortest times, which a busy machine disturbs less
}
