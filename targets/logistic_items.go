package targets

import (
	"fmt"
	"math"
	"slices"
)

func logisticItems() []item {
	family := item{
		name: "logistic", kind: kindFamily, can: LogP | Grad | Parts,
		summary: "Bayesian logistic regression on a CSV file",
		options: append(designOptions("the response"),
			Option{"positive", "number", "1", "value of the label that counts as 1; the other is 0"},
			Option{"prior_sd", "number", "1", `standard deviation of the weights' normal prior, intercept included; "none" for an improper flat prior`}),
		build: func(r *reader, folder string) (Density, error) { return buildLogistic(r, openIn(folder)) },
	}
	out := []item{family}
	for _, c := range []struct {
		name, summary string
		config        map[string]any
	}{
		{"sonar", "logistic regression, Sonar (208 × 60), standardised, prior N(0, 1)", map[string]any{"csv": "sonar.csv"}},
		{"ionosphere", "logistic regression, Ionosphere (351 × 34), standardised, prior N(0, 1)", map[string]any{"csv": "ionosphere.csv"}},
		{"pima", "logistic regression, Pima Indians diabetes (768 × 8), standardised, prior N(0, 1)", map[string]any{"csv": "pima.csv"}},
		{"german_credit_prior10", "logistic regression, German credit (1000 × 24), scaled but not centred, prior N(0, 10²)",
			map[string]any{"csv": "german_credit_numeric.csv", "positive": 2.0, "standardise": "scale", "prior_sd": 10.0}},
		{"german_credit_noprior", "logistic regression, German credit (1000 × 24), scaled but not centred, no prior",
			map[string]any{"csv": "german_credit_numeric.csv", "positive": 2.0, "standardise": "scale", "prior_sd": "none"}},
		{"german_credit_std", "logistic regression, German credit (1000 × 24), standardised, intercept last, prior N(0, 1)",
			map[string]any{"csv": "german_credit_numeric.csv", "positive": 2.0, "intercept": "last"}},
	} {
		out = append(out, item{name: c.name, kind: kindInstance, summary: c.summary,
			build: func(*reader, string) (Density, error) {
				r := &reader{m: c.config}
				d, err := buildLogistic(r, openEmbedded)
				if bad := r.done(); bad != nil {
					return nil, bad
				}
				if err != nil {
					return nil, err
				}
				return Describe(d, func(in *Info) { in.Known = logisticKnown(c.name) }), nil
			}})
	}
	return out
}

func buildLogistic(r *reader, open opener) (Density, error) {
	ds, ok := readDesign(r, open)
	positive := r.float("positive", 1, "a number", anyNumber)
	priorSD := math.Inf(1)
	if v, _ := r.get("prior_sd"); v != "none" {
		priorSD = r.float("prior_sd", 1, `a positive number, or "none"`, positiveNum)
	}
	if !ok {
		return nil, nil
	}
	if !checkLabels(r, ds.Y) {
		return nil, nil
	}
	ones := 0
	for i, y := range ds.Y {
		ds.Y[i] = 0
		if y == positive {
			ds.Y[i] = 1
			ones++
		}
	}
	if ones == 0 || ones == ds.N {
		r.fault("positive", show(positive), "a value that some of the labels have, and some have not")
		return nil, nil
	}
	return NewLogistic(ds, priorSD)
}

// checkLabels holds the response to two values: 0 and 1, or −1 and 1, or others if it is said which of them counts as 1.
func checkLabels(r *reader, y []float64) bool {
	values := slices.Clone(y)
	slices.Sort(values)
	values = slices.Compact(values)
	switch {
	case len(values) > 2:
		r.fault("label", fmt.Sprintf("a column with %d different values, %v, %v, %v and so on", len(values), values[0], values[1], values[2]), "a column with two")
		return false
	case len(values) == 2 && r.m["positive"] == nil && !(values[1] == 1 && (values[0] == 0 || values[0] == -1)):
		r.fault("label", fmt.Sprintf("the values %v and %v", values[0], values[1]), "0 and 1, or −1 and 1; or say with positive which of them counts as 1")
		return false
	}
	return true
}

// logisticKnown is the record of a catalogue entry in data/logistic_known.json.
func logisticKnown(name string) Known {
	var all map[string]struct {
		LogZ    float64 `json:"log_z"`
		LogZErr float64 `json:"log_z_err"`
		Mean    []float64
		SD      []float64
	}
	decodeEmbedded("logistic_known.json", &all)
	k := all[name]
	return Known{LogZ: k.LogZ, LogZErr: k.LogZErr, Mean: k.Mean, SD: k.SD, Source: "bridge sampling"}
}
