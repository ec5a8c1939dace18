package targets

import "gonum.org/v1/gonum/mat"

func linearRegressionItems() []item {
	priorSD := Option{"prior_sd", "number", "1", "standard deviation of the weights' normal prior, intercept included"}
	noise := []Option{
		{"noise_shape", "number", "2", "shape of the inverse gamma prior of the noise variance"},
		{"noise_scale", "number", "1", "its scale"},
		{"width", "number", "1", "prior standard deviation of a weight, in units of the noise's"},
	}
	conjugate := func() (Design, bool) {
		return readDesign(&reader{m: map[string]any{"csv": "conjugate_regression.csv", "standardise": "none", "intercept": "none"}}, openEmbedded)
	}
	return []item{
		{
			name: "linear-regression", kind: kindFamily, can: LogP | Grad | Parts,
			summary: "Bayesian linear regression with known noise on a CSV file",
			options: append(designOptions("the response"), Option{"noise_sd", "number", "1", "standard deviation of the noise"}, priorSD),
			build: func(r *reader, folder string) (Density, error) {
				ds, ok := readDesign(r, openIn(folder))
				noise := r.float("noise_sd", 1, "a positive number", positiveNum)
				prior := r.float("prior_sd", 1, "a positive number", positiveNum)
				if !ok {
					return nil, nil
				}
				return NewLinearRegression(ds, noise, prior)
			},
		},
		{
			name: "linear-regression-noise", kind: kindFamily, can: LogP | Grad | Parts,
			summary: "Bayesian linear regression with unknown noise on a CSV file: a positive parameter",
			options: append(designOptions("the response"), noise...),
			build: func(r *reader, folder string) (Density, error) {
				ds, ok := readDesign(r, openIn(folder))
				p := NoisePrior{
					Shape: r.float("noise_shape", 2, "a positive number", positiveNum),
					Scale: r.float("noise_scale", 1, "a positive number", positiveNum),
					Width: r.float("width", 1, "a positive number", positiveNum),
				}
				if !ok {
					return nil, nil
				}
				return NewLinearRegressionNoise(ds, p)
			},
		},
		{
			name: "conjugate_regression", kind: kindInstance,
			summary: "linear regression (25 × 4, synthetic), noise sd 0.5, prior N(0, 2²): normal posterior, exact log Z",
			build: func(*reader, string) (Density, error) {
				ds, _ := conjugate()
				return NewLinearRegression(ds, 0.5, 2)
			},
		},
		{
			name: "conjugate_regression_noise", kind: kindInstance,
			summary: "the same data with unknown noise, inverse gamma prior (2, 1), width 2: exact log Z",
			build: func(*reader, string) (Density, error) {
				ds, _ := conjugate()
				return NewLinearRegressionNoise(ds, NoisePrior{Shape: 2, Scale: 1, Width: 2})
			},
		},
	}
}

// priorOfWidth is N(0, width² I).
func priorOfWidth(d int, width float64) *normalPosterior {
	p := &normalPosterior{mean: make([]float64, d), lower: mat.NewTriDense(d, mat.Lower, nil)}
	for j := range d {
		p.lower.SetTri(j, j, 1/width)
	}
	return p
}
