package tables

// rows lists the tables.
func rows() []row {
	var out []row
	for i, t := range seedTargets {
		for _, rotated := range []bool{false, true} {
			out = append(out, row{
				table: "learned standard deviation, K = 128, pilot start", target: t, rotated: rotated,
				method: map[string]any{"method": "pis"}, pilot: 16000, paths: 100_000,
				published: []float64{.909, .817, .951}[i], demanded: []float64{.965, .965, .93}[i], seconds: 120,
			})
		}
	}
	return out
}
