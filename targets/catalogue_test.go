package targets

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListIsComplete(t *testing.T) {
	var families []string
	for _, e := range List() {
		if e.Kind == kindFamily {
			families = append(families, e.Name)
			if len(e.Config) == 0 {
				t.Errorf("%s has no configuration", e.Name)
			}
		} else if e.Dim == 0 || len(e.Config) > 1 || len(e.Config) == 1 && e.Config[0] != rotationOption {
			t.Errorf("%s: dimension %d, configuration %v", e.Name, e.Dim, e.Config)
		}
		if e.Summary == "" || !e.Can.Has(LogP|Grad) {
			t.Errorf("%s: summary %q, offers %v", e.Name, e.Summary, e.Can)
		}
	}
	want := strings.Fields("banana brownian-motion coupled-many-well cox-process funnel gaussian lgcp32_latent lgcp32_white lgcp40_latent lgcp40_white linear-regression linear-regression-noise logistic many-well mixture phi4 random-mixture rings rosenbrock state-space student-mixture")
	if d := cmp.Diff(want, families); d != "" {
		t.Errorf("families (-want +got):\n%s", d)
	}
}

// TestOptionsAreTheKeys: the documented options of a family are the keys that it reads, no more and no fewer.
func TestOptionsAreTheKeys(t *testing.T) {
	for _, c := range catalogue() {
		r := &reader{}
		_, _ = c.build(r, "") // without data there is no density, but every key is asked for
		var want []string
		for _, o := range c.options {
			want = append(want, o.Key)
		}
		got := slices.Clone(r.seen)
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-documented +read):\n%s", c.name, d)
		}
	}
}

func TestUnknownTarget(t *testing.T) {
	_, err := New("many_wel", nil, "")
	var u *UnknownTarget
	if !errors.As(err, &u) || u.Name != "many_wel" || u.Nearest != "many-well" {
		t.Errorf("error %v", err)
	}
	_, err = New("zzz", nil, "")
	if !errors.As(err, &u) || u.Nearest != "" || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("error %v", err)
	}
}

// TestConfigErrors: every fault with its key path, what was found and what is accepted, all of them at once.
func TestConfigErrors(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good.csv", "a,b,y\n1,2,0\n3,5,1\n4,4,1\n")
	write("word.csv", "a,y\n1,0\nx7,1\n")
	write("short.csv", "a,y\n1\n")
	write("header.csv", "a,y\n")
	write("bare.csv", "1,0\n2,1\n")
	write("three.csv", "a,y\n1,0\n2,1\n3,2\n")
	write("coded.csv", "a,y\n1,1\n2,2\n3,1\n")
	for _, c := range []struct {
		use, config string
		want        []string
	}{
		{"gaussian", `{"meen": [0], "dim": 0}`, []string{
			"dim: found 0; accepted: a whole number from 1 to 100000",
			"meen: found an unknown key; accepted: dim, mean, sd, cov, log_z, rotation (did you mean mean?)",
		}},
		{"gaussian", `{"mean": [1, 2], "sd": [1]}`, []string{"sd: found a list of 1; accepted: a list of 2 numbers"}},
		{"gaussian", `{"sd": [1, -1]}`, []string{"sd[1]: found -1; accepted: a positive number"}},
		{"gaussian", `{"sd": [1], "cov": [[1]]}`, []string{"sd: found both sd and cov; accepted: one of them"}},
		{"gaussian", `{"cov": [[1, 2], [2, 1]]}`, []string{"cov: found a matrix that is not positive definite; accepted: a covariance"}},
		{"gaussian", `{"cov": [[1, 0.5], [0.4, 1]]}`, []string{"cov[1][0]: found 0.4; accepted: 0.5, for symmetry"}},
		{"gaussian", `{"cov": [[1, 0], [0]]}`, []string{"cov[1]: found a list of 1; accepted: a list of 2 numbers"}},
		{"gaussian", `{"cov": [[1, "a"]]}`, []string{`cov[0][1]: found "a"; accepted: a finite number`}},
		{"gaussian", `{"mean": "zero"}`, []string{`mean: found "zero"; accepted: a list of numbers`}},
		{"mixture", `{"weights": [1, 2]}`, []string{"weights: found a list of 2; accepted: a list of 9 numbers"}},
		{"mixture", `{"variance": 0}`, []string{"variance: found 0 for component 0, coordinate 0; accepted: positive numbers"}},
		{"mixture", `{"variance": "wide"}`, []string{
			`variance: found "wide"; accepted: a positive number, a list of 9, or 9 rows of 2`,
			"variance: found 0 for component 0, coordinate 0; accepted: positive numbers",
		}},
		{"many-well", `{"dim": 2.5, "wells": 9, "delta": null}`, []string{
			"dim: found 2.5; accepted: a whole number from 1 to 100000",
			"wells: found 9; accepted: a whole number from 0 to 5",
			"delta: found nothing; accepted: a number from -1000 to 1000",
		}},
		{"funnel", `{"dim": 1, "scale": "3"}`, []string{
			"dim: found 1; accepted: a whole number from 2 to 100000",
			`scale: found "3"; accepted: a positive number`,
		}},
		{"brownian-motion", `{}`, []string{"y: found nothing; accepted: a list of numbers, or csv"}},
		{"brownian-motion", `{"csv": "word.csv"}`, []string{`csv: found "x7" in line 3, column a; accepted: a CSV file of numbers with a header`}},
		{"brownian-motion", `{"y": [1, null], "csv": "good.csv"}`, []string{"csv: found both y and csv; accepted: one of them"}},
		{"cox-process", `{"csv": "good.csv", "window": [0, 1, 2, 2]}`, []string{"window: found [0 1 2 2]; accepted: x0 < x1 and y0 < y1"}},
		{"lgcp40_white", `{}`, []string{"csv: found nothing; accepted: the name of a CSV file"}},
		{"lgcp40_white", `{"csv": "good.csv"}`, []string{"csv: found no columns x and y; accepted: a CSV file of points, with columns x and y, within the window"}},
		{"coupled-many-well", `{"dim": 0, "delta": 101, "coupling": -11}`, []string{
			"dim: found 0; accepted: a whole number from 1 to 10000",
			"delta: found 101; accepted: a number from -100 to 100",
			"coupling: found -11; accepted: a number from -10 to 10",
		}},
		{"banana", `{"b": "x", "s": 0}`, []string{`b: found "x"; accepted: a number`, "s: found 0; accepted: a positive number"}},
		{"rosenbrock", `{"dim": 1, "b": 0}`, []string{"dim: found 1; accepted: a whole number from 2 to 100000", "b: found 0; accepted: a positive number"}},
		{"rings", `{"radii": [1, 1]}`, []string{"radii[1]: found 1; accepted: positive numbers in increasing order"}},
		{"student-mixture", `{"dim": 3, "locations": [[1]]}`, []string{"dim: found both dim and locations; accepted: one of them"}},
		{"random-mixture", `{"modes": 0, "variance": -1}`, []string{
			"modes: found 0; accepted: a whole number from 1 to 1000",
			"variance: found -1; accepted: a positive number",
		}},
		{"phi4", `{"extents": [4, 0], "periodic": 1}`, []string{
			"extents[1]: found 0; accepted: whole numbers from 1, with at most ten million sites in all",
			"periodic: found 1; accepted: true or false",
		}},
		{"logistic", `{}`, []string{"csv: found nothing; accepted: the name of a CSV file"}},
		{"logistic", `{"csv": "word.csv"}`, []string{`csv: found "x7" in line 3, column a; accepted: a CSV file of numbers with a header`}},
		{"logistic", `{"csv": "header.csv"}`, []string{"csv: found no rows below the header; accepted: a CSV file of numbers with a header"}},
		{"logistic", `{"csv": "bare.csv"}`, []string{"csv: found numbers in line 1, where the names of the columns belong; accepted: a CSV file of numbers with a header"}},
		{"logistic", `{"csv": "short.csv"}`, []string{"csv: found record on line 2: wrong number of fields; accepted: a CSV file of numbers with a header"}},
		{"logistic", `{"csv": "good.csv", "label": "Y"}`, []string{`label: found "Y"; accepted: a, b, y (did you mean y?)`}},
		{"logistic", `{"csv": "good.csv", "standardise": "scaled", "intercept": 1}`, []string{
			`standardise: found "scaled"; accepted: "standardise", "scale", "none" (did you mean "scale"?)`,
			`intercept: found 1; accepted: "first", "last", "none"`,
		}},
		{"logistic", `{"csv": "good.csv", "positive": 7}`, []string{"positive: found 7; accepted: a value that some of the labels have, and some have not"}},
		{"logistic", `{"csv": "three.csv"}`, []string{"label: found a column with 3 different values, 0, 1, 2 and so on; accepted: a column with two"}},
		{"logistic", `{"csv": "three.csv", "positive": 2}`, []string{"label: found a column with 3 different values, 0, 1, 2 and so on; accepted: a column with two"}},
		{"logistic", `{"csv": "coded.csv"}`, []string{"label: found the values 1 and 2; accepted: 0 and 1, or −1 and 1; or say with positive which of them counts as 1"}},
		{"logistic", `{"csv": "good.csv", "prior_sd": "wide"}`, []string{`prior_sd: found "wide"; accepted: a positive number, or "none"`}},
		{"linear-regression", `{"csv": "good.csv", "noise_sd": 0}`, []string{"noise_sd: found 0; accepted: a positive number"}},
		{"state-space", `{"A": [[1, 2]], "Q": [[1]], "C": [[1]], "R": [[1]], "P0": [[1]]}`, []string{
			"y: found nothing; accepted: a list of rows, or csv",
			"A: found 1 rows of 2; accepted: as many rows as columns",
		}},
		{"sonar", `{"prior_sd": 2}`, []string{"prior_sd: found an unknown key; accepted: rotation"}},
		{"sonar", `{"rotation": -1}`, []string{"rotation: found -1; accepted: a whole number from 0 to 2^53"}},
		{"conjugate_regression_noise", `{"rotation": 3}`, []string{
			"rotation: found 3; accepted: no rotation, as the parameter sigma2 is positive: only the reals can be rotated",
		}},
		{"gaussian", `{"dim": 5000, "rotation": 3}`, []string{"rotation: found 3; accepted: no rotation in dimension 5000: at most 4096"}},
	} {
		var config map[string]any
		if err := json.Unmarshal([]byte(c.config), &config); err != nil {
			t.Fatal(err)
		}
		_, err := New(c.use, config, folder)
		var faults ConfigErrors
		if !errors.As(err, &faults) {
			t.Errorf("%s %s: error %v", c.use, c.config, err)
			continue
		}
		var got []string
		for _, f := range faults {
			got = append(got, f.Error())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.use, c.config, d)
		}
		var one *ConfigError
		if !errors.As(err, &one) || one != faults[0] {
			t.Errorf("%s: errors.As does not find the first fault", c.use)
		}
	}
	_, err := New("logistic", map[string]any{"csv": "none.csv"}, folder)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(folder, "none.csv")+": no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

// TestNumbersOfEitherKind: TOML gives int64 and nested []any, JSON float64, Go callers what they like.
func TestNumbersOfEitherKind(t *testing.T) {
	logP := func(config map[string]any) float64 {
		d, err := New("gaussian", config, "")
		if err != nil {
			t.Fatal(err)
		}
		b := NewBatch(1, 2, LogP)
		b.X[0] = 1
		if err := d.Eval(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		return b.LogP[0]
	}
	a := logP(map[string]any{"mean": []any{int64(1), 2.0}, "cov": []any{[]any{int64(2), 0.5}, []any{0.5, int64(1)}}})
	b := logP(map[string]any{"mean": []float64{1, 2}, "cov": [][]float64{{2, 0.5}, {0.5, 1}}})
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
}

// TestLogisticFromFile: a file of one's own, by relative path, label in the middle, other coding.
func TestLogisticFromFile(t *testing.T) {
	folder := t.TempDir()
	csv := "height, class, weight\n1,2,5\n2,1,5\n4,2,5\n"
	if err := os.WriteFile(filepath.Join(folder, "data.csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := New("logistic", map[string]any{
		"csv": "data.csv", "label": "class", "positive": int64(2), "standardise": "none", "intercept": "last", "prior_sd": "none",
	}, folder)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBatch(1, 3, LogP|Grad)
	if err := d.Eval(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if want := []float64{1.5, 2.5, 0.5}; !cmp.Equal(b.Grad, want) { // Σ (y − ½) (height, weight, 1)
		t.Errorf("gradient at zero %v, wanted %v", b.Grad, want)
	}
	if d.Info().Can.Has(Parts) {
		t.Error("an improper prior offers parts")
	}
}

func TestDataIsAccountedFor(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := embedded.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(string(readme), "`"+f.Name()+"`") {
			t.Errorf("data/README.md does not say where %s comes from", f.Name())
		}
	}
}
