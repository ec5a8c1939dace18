package tables

// pdeRows are the samplers from residuals of equations.
func (l *list) pdeRows() {
	best := [3]float64{1, .9993, .9937}
	ce := row{table: "Flow from residuals, logCE", method: method("logce"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(ce, best, [3]float64{.9999, .9995, .998})
	ce.rotated = true
	l.three(ce, best, [3]float64{.9998, .9993, .997})
	l.one(ce, unequal, 0)
	ce.table, ce.method = "The same without a frame, directions and a perceptron", method("logce", "frame", "scale")
	l.three(ce, best, [3]float64{.999, .999, 0})
	ce.method = method("logce", "frame", "scale", "batch", 384, "train_steps", 750) // what two minutes allow of 50 directions
	l.three(ce, best, [3]float64{0, 0, .995})
	ce.table, ce.method = "The same without a frame, plain MLP", method("logce", "frame", "scale", "net", "mlp")
	l.three(ce, best, [3]float64{.999, .99, 0})
	ce.table, ce.method = "Flow from residuals, logCE, from a matched start", method("logce", "begin", "matched", "power", 5, "points", "between+flow", "width", 64, "train_steps", 1800)
	l.one(ce, coupled, .95)

	// The published σ is 1 in the target's units; ours is in those of the frame, where the target's scale is about 1.
	sigmas := [3]float64{.25, .5, .7}
	noisy := func(r row, published, demanded [3]float64, name string, more ...any) {
		for i, d := range demanded {
			if d == 0 {
				continue
			}
			var alone [3]float64
			alone[i] = d
			r.method = method(name, append([]any{"sigma", sigmas[i]}, more...)...)
			l.three(r, published, alone)
		}
	}
	published := [3]float64{1, .8167, .9511}
	fp := row{table: "Diffusion from residuals, logFP, σ = 1, by splitting", pilot: pilotParticles, seconds: minutes(2), flow: true}
	noisy(fp, published, [3]float64{.999, .95, .97}, "logfp", "serve", "split")
	fp.rotated = true
	noisy(fp, published, [3]float64{.99, .93, .95}, "logfp", "serve", "split")
	fp.table = "The same by Euler-Maruyama, K = 128"
	for _, fp.rotated = range []bool{false, true} {
		noisy(fp, published, asMeasured, "logfp")
	}
	fp.table, fp.rotated = "The same, the equation trained as it stands, by splitting", false
	noisy(fp, published, asMeasured, "logfp", "train", "plain", "serve", "split")

	ot := row{table: "Flow from residuals, optimal transport", method: method("ot"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(ot, [3]float64{.9932, .9862, .9027}, [3]float64{.993, .98, .90})
	ot.rotated = true
	l.three(ot, [3]float64{.9932, .9862, .9027}, [3]float64{.95, .9, .8})

	sb := row{table: "Diffusion from residuals, Schrödinger bridge, σ = 1, by splitting", pilot: pilotParticles, seconds: minutes(2), flow: true}
	noisy(sb, [3]float64{.9959, .0314, .0106}, [3]float64{.99, .2, .1}, "sb", "serve", "split")
	sb.table = "Schrödinger bridge by Euler-Maruyama, K = 128"
	noisy(sb, [3]float64{.9959, .0314, .0106}, asMeasured, "sb", "serve", "sde")

	score := row{table: "Diffusion from residuals, score, by splitting", method: method("score", "serve", "split"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(score, [3]float64{.9818, .0124, .1065}, [3]float64{.9, .1, .1})
	score.table, score.method = "The same by steps of the noising, K = 256", method("score", "serve", "sde", "steps", 256)
	l.three(score, [3]float64{.9818, .0124, .1065}, asMeasured)

	// On the mixture the start is as wide as its outer modes: this path grows modes where the start has mass.
	anneal := row{table: "Flow from residuals, geometric path", method: method("logce", "path", "geometric", "start_std", 1.5), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(anneal, [3]float64{.1427, .9506, .2100}, [3]float64{.5, 0, 0})
	anneal.method = method("logce", "path", "geometric")
	l.three(anneal, [3]float64{.1427, .9506, .2100}, [3]float64{0, .99, .9})
	anneal.table = "Diffusion from residuals, geometric path, by splitting"
	noisy(anneal, [3]float64{.1031, .3464, .9171}, [3]float64{.5, 0, 0}, "logfp", "path", "geometric", "serve", "split", "start_std", 1.5, "sigma", .25/1.5)
	noisy(anneal, [3]float64{.1031, .3464, .9171}, [3]float64{0, .9, .95}, "logfp", "path", "geometric", "serve", "split")

	nets := row{table: "NETS, annealed Langevin carried by a learned drift, σ = 1", pilot: pilotParticles, seconds: minutes(2), flow: true}
	noisy(nets, none, asMeasured, "nets")
}
