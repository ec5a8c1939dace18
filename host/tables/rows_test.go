package tables

import "maps"

// list is the rows so far.
type list []row

// three adds a row for each of the published tables' targets; a demand of nought leaves its target out.
func (l *list) three(r row, published, demanded [3]float64) {
	for i, t := range seedTargets {
		if demanded[i] == 0 {
			continue
		}
		r.target, r.published, r.demanded = t, published[i], max(demanded[i], 0)
		if r.paths = 100_000; t.name == "many_well_d50_m5_delta2" && r.flow {
			r.paths = 10_000
		}
		*l = append(*l, r)
	}
}

// scratch adds a row for each of the published tables' targets, trained from scratch for what three minutes of a processor
// allow. In fifty dimensions a net that all coordinates share would allow 30 steps or so.
func (l *list) scratch(r row, published [3]float64, of map[string]any) {
	for i, steps := range []int{1400, 750, 800} {
		only := [3]float64{}
		only[i] = -1
		r.method = maps.Clone(of)
		r.method["start"], r.method["train_steps"] = "scratch", steps
		if i == 2 {
			r.method["net"] = "mlp"
		}
		l.three(r, published, only)
	}
}

// one adds a row for a rotated target.
func (l *list) one(r row, t problem, demanded float64) {
	if r.target, r.demanded, r.rotated = t, demanded, true; r.paths == 0 {
		r.paths = 100_000
	}
	*l = append(*l, r)
}

// Figures that a row may have none of, and demands that are met by any figure.
var (
	none       [3]float64
	asMeasured = [3]float64{-1, -1, -1}
)

// rows lists the tables.
func rows() []row {
	var l list
	best := [3]float64{.909, .817, .951}
	learned := row{table: "Learned standard deviation, K = 128, pilot start", method: method("pis"), pilot: pilotParticles, seconds: minutes(2)}
	l.three(learned, best, [3]float64{.965, .965, .93})
	learned.rotated = true
	l.three(learned, best, [3]float64{.965, .965, .90})
	l.one(learned, coupled, .87)
	l.one(learned, unequal, .80)
	learned.table, learned.method = "The same by a plain MLP without a frame", method("pis", "frame", "scale", "net", "mlp")
	l.three(learned, best, [3]float64{.95, .89, .6})

	ode := row{table: "Flow of the matched bridge, plain MLP, no frame", method: method("match", "serve", "ode", "frame", "scale"), pilot: pilotParticles, seconds: minutes(2), flow: true}
	for _, ode.rotated = range []bool{false, true} {
		l.three(ode, [3]float64{1, .9993, .9937}, [3]float64{.98, .85, 0})
	}
	l.one(ode, coupled, .95)
	l.one(ode, unequal, .95)
	ode.table, ode.paths = "The same in many dimensions, whitened by the pilot's covariance", 10_000
	ode.method = method("match", "serve", "ode")
	for _, ode.rotated = range []bool{false, true} {
		l.three(ode, [3]float64{1, .9993, .9937}, [3]float64{0, 0, .79})
	}
	l.one(ode, sonar, .69)

	pis := row{table: "PIS, log-variance, K = 200, fixed standard deviation, pilot start", method: method("pis", "std", "fixed", "loss", "log-variance", "steps", 200), pilot: pilotParticles, seconds: minutes(3)}
	l.three(pis, [3]float64{.9093, .6744, .8453}, [3]float64{.88, .63, .80})
	pis.rotated = true
	l.three(pis, [3]float64{.9093, .6744, .8453}, [3]float64{.85, .6, .6})
	pis.table, pis.rotated, pis.pilot = "The same from scratch", false, 0
	pis.noModes = true
	l.scratch(pis, [3]float64{.9093, .6744, .8453}, method("pis", "std", "fixed", "loss", "log-variance", "steps", 200))

	dis := row{table: "DIS, log-variance, K = 200, continuous form (its log Z is biased by the step)", method: method("dis", "std", "fixed", "loss", "log-variance", "form", "continuous", "steps", 200, "frame", "reference", "reference", map[string]any{"scale": 1}), pilot: pilotParticles, biased: true, seconds: minutes(3)}
	l.three(dis, [3]float64{.8660, .4519, .0227}, [3]float64{.83, .42, .014})
	dis.table, dis.biased = "DIS, log-variance, K = 200, kernel form", false
	dis.method = method("dis", "std", "fixed", "loss", "log-variance", "steps", 200)
	l.three(dis, none, [3]float64{.88, .60, .75})

	narrow := map[string]any{"scale": 1} // as published: too narrow to reach the modes
	collapse := row{table: "PIS, KL, from a narrow start: loses modes", noModes: true, biased: true, hybrid: true, seconds: minutes(3)}
	l.scratch(collapse, [3]float64{.0051, .0004, .8172}, method("pis", "std", "fixed", "loss", "kl", "steps", 200, "reference", narrow))
	collapse.table = "DIS, KL, from a narrow start"
	l.scratch(collapse, [3]float64{.0226, .0012, .0225}, method("dis", "std", "fixed", "loss", "kl", "steps", 200, "reference", narrow))
	collapse.table, collapse.hybrid = "PIS, log-variance, from a narrow start", false
	l.scratch(collapse, none, method("pis", "std", "fixed", "loss", "log-variance", "steps", 200, "reference", narrow))

	annealed := row{table: "CMCD, log-variance", method: method("cmcd", "net", "perdim"), pilot: pilotParticles, seconds: minutes(3)}
	l.three(annealed, none, [3]float64{.7, .5, 0})
	annealed.table, annealed.method = "General bridge, log-variance", method("bridge")
	l.three(annealed, none, [3]float64{.7, .5, 0})
	l.pdeRows()
	l.contests()
	l.races()
	return l
}

const pilotParticles = 16384

func minutes(n float64) float64 { return 60 * n }

// Targets that are no products in any rotation.
var (
	coupled = problem{name: "coupled_many_well_d5_delta4_c0.3", short: "coupled many-well, c = 0.3", start: 2.5}
	unequal = problem{name: "random_mixture_d5_seed7", short: "random mixture, d = 5", start: 4}
	sonar   = problem{name: "sonar", short: "Sonar posterior, d = 61", start: 1}
)

// method is a configuration: a name, then keys and values.
func method(name string, more ...any) map[string]any {
	m := map[string]any{"method": name}
	for i := 0; i < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}
