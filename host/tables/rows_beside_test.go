package tables

// contests are the rows of sequential Monte Carlo with a learned transport, beside tempering.
func (l *list) contests() {
	scld := row{table: "SCLD, log Z beside tempering in the same time", method: method("scld")}
	add := func(t problem, pilot int, c contest, note string) {
		scld.target, scld.pilot, scld.contest, scld.note = t, pilot, &c, note
		*l = append(*l, scld)
	}
	usual := contest{allowed: .1, particles: 1024}
	add(problem{name: "seeds", short: "Seeds, d = 26", start: 3}, 4096, usual, "")
	add(problem{name: "sonar", short: "Sonar, d = 61", start: 3}, 4096, usual, "")
	add(problem{name: "brownian", short: "Brownian motion, d = 32", start: 3}, 4096, usual, "")
	add(problem{name: "german_credit_prior10", short: "German credit, prior 10, d = 25", start: 3}, 4096, usual, "")
	add(seedTargets[1], 16384, usual, "")
	add(problem{name: "gmm40_jax", short: "40-mode mixture, d = 2", start: 40}, 16384, contest{allowed: .1, particles: 4096}, "")
	pines := problem{name: "lgcp40_white", short: "log-Gaussian Cox process, 40 × 40", start: 1, csv: shared + "/reference/targets/data/finpines.csv"}
	add(pines, 512, contest{allowed: 1, particles: 128}, "")
	scld.method = method("scld", "blocks", 16)
	add(problem{name: "funnel10", short: "funnel, d = 10", start: 3}, 16384, contest{allowed: .2, particles: 4096, moves: 16},
		" (16 moves at each cut in place of 4, of tempering too)")
}

// races are the rows beside the prototypes.
func (l *list) races() {
	r := row{table: "Beside the prototypes: CPU seconds to their ESS", rotated: true, pilot: pilotParticles, paths: 20_000}
	add := func(t problem, label string, m map[string]any, steps int, c race) {
		r.target, r.method, r.steps, r.race = t, m, steps, &c
		r.target.short += ", " + label
		*l = append(*l, r)
	}
	mixture, wells := seedTargets[0], seedTargets[1]
	plain := method("pis", "frame", "scale", "net", "mlp")
	regression := func(arguments string) race { return race{"rotated-lv", "rot.py", arguments, lines()} }
	add(wells, "regression", plain, 8000, regression("--tag wells --frame none --arch mlp --mhid 96 --mlayers 3 --ws 8000 --wsb 2048 --gn 0 --K 128 --npilot 20000"))
	plain = method("pis", "frame", "scale", "net", "mlp", "width", 64, "batch", 1024, "noise", "linear") // the prototype's width
	add(mixture, "regression", plain, 8000, regression("--tag mixture --problem gmm --frame none --arch mlp --mhid 64 --mlayers 3 --ws 6000 --gn 0 --K 128 --npilot 20000 --qseed 1"))

	flow := method("match", "serve", "ode", "frame", "scale")
	bridge := func(arguments string) race { return race{"matching", "matching.py", arguments, prose} }
	add(wells, "matching", flow, 10000, bridge("--target mw5 --whiten 0 --base 0 --sig 1 --iters 4000 --H 128 --lr 3e-3"))

	residuals := method("logce", "frame", "scale")
	equation := func(arguments string) race {
		return race{"rotated-pde", "rot.py", arguments, lines("pilot_cpu", "dir_cpu")}
	}
	add(wells, "residuals", residuals, 500, equation("--problem mw5 --arch ridgec --J 10 --hid 48 --layers 2 --iters 0 --lastR .01 --lastM .1 --gn 300 --gnb 512 --gnevals 3 --qseed 2 --seed 2"))
	add(mixture, "residuals", residuals, 500, equation("--problem gmm9 --prior 3 --pw 1 --arch ridgec --J 8 --hid 48 --layers 2 --iters 0 --lastR .01 --lastM .1 --gn 300 --gnb 384 --gnevals 3 --qseed 2 --seed 2"))
}
