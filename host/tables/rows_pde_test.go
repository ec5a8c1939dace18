package tables

// pdeRows are the samplers from residuals of equations.
func (l *list) pdeRows() {
	best := [3]float64{1, .9993, .9937}
	ce := row{table: "Flow from residuals, logCE", method: method("logce"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(ce, best, [3]float64{.9999, .9995, .998})
	ce.rotated = true
	l.three(ce, best, [3]float64{.9998, .9993, .997})
	l.one(ce, coupled, 0)
	l.one(ce, unequal, 0)
	ce.table, ce.method = "The same without a frame, directions and a perceptron", method("logce", "frame", "scale")
	l.three(ce, best, [3]float64{.999, .999, .995})
	ce.table, ce.method = "The same without a frame, plain MLP", method("logce", "frame", "scale", "net", "mlp")
	l.three(ce, best, [3]float64{.999, .99, 0})

	published := [3]float64{1, .8167, .9511}
	fp := row{table: "Diffusion from residuals, logFP, σ = 1, by splitting", method: method("logfp", "sigma", 1, "serve", "split"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	l.three(fp, published, [3]float64{.999, .95, .97})
	fp.rotated = true
	l.three(fp, published, [3]float64{.99, .93, .95})
	fp.table, fp.method = "The same by Euler-Maruyama, K = 128", method("logfp", "sigma", 1)
	for _, fp.rotated = range []bool{false, true} {
		l.three(fp, published, asMeasured)
	}
}
