package vec

// detect lists what the processor and the operating system offer.
func detect() {}

// install puts the kernels of a level into the tables.
func install(string) {}
