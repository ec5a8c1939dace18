package diag

import (
	"math"
	"testing"
)

func TestLogSumExpAgainstOracle(t *testing.T) {
	var file struct {
		Cases []struct {
			Name                       string
			X                          []number
			LogSumExp, LogMeanExp, ESS number
		}
	}
	load(t, "logsumexp.json", &file)
	for _, c := range file.Cases {
		x := floats(c.X)
		for _, q := range []struct {
			name      string
			got, want float64
		}{
			{"logsumexp", LogSumExp(x), float64(c.LogSumExp)},
			{"logmeanexp", LogMeanExp(x), float64(c.LogMeanExp)},
			{"ess", WeightESS(x), float64(c.ESS)},
		} {
			if !near(q.got, q.want, 1e-14) {
				t.Errorf("%s of %s = %v, want %v", q.name, c.Name, q.got, q.want)
			}
		}
	}
	if got := LogSumExp([]float64{0, -36.7}); math.Abs(got/1.1518409493076095e-16-1) > 1e-12 {
		t.Errorf("the small term beside a large one is lost: %v", got)
	}
}

func TestTemperingStepAgainstOracle(t *testing.T) {
	var file struct {
		Cases []struct {
			LogWeight       []number `json:"log_weight"`
			LogRatio        []number `json:"log_ratio"`
			Delta           float64
			Increment       float64 `json:"log_evidence_increment"`
			CESS            float64
			ESSAfter        float64  `json:"ess_after"`
			NormalisedAfter []number `json:"normalised_after"`
		}
	}
	load(t, "weights.json", &file)
	for i, c := range file.Cases {
		w, g := floats(c.LogWeight), floats(c.LogRatio)
		if got := LogIncrement(w, g, c.Delta); !near(got, c.Increment, 1e-12) {
			t.Errorf("case %d: increment %v, want %v", i, got, c.Increment)
		}
		if got := CESS(w, g, c.Delta); !near(got, c.CESS, 1e-12) {
			t.Errorf("case %d: CESS %v, want %v", i, got, c.CESS)
		}
		after := make([]float64, len(w))
		for j := range w {
			after[j] = w[j] + c.Delta*g[j]
		}
		if got := WeightESS(after); !near(got, c.ESSAfter, 1e-12) {
			t.Errorf("case %d: ESS %v, want %v", i, got, c.ESSAfter)
		}
		norm, _ := Normalise(nil, after)
		for j, want := range floats(c.NormalisedAfter) {
			if math.Abs(norm[j]-want) > 1e-12*want+1e-300 {
				t.Errorf("case %d: weight %d is %v, want %v", i, j, norm[j], want)
			}
		}
	}
}

func TestTemperingStepEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name            string
		w, g            []float64
		delta           float64
		increment, cess float64
	}{
		{"no step", []float64{0, -1, -inf}, []float64{-inf, 3, nan}, 0, 0, 3},
		{"dead stay dead", []float64{0, -inf}, []float64{1, nan}, 1, 1, 2},
		{"one dies", []float64{0, 0}, []float64{0, -inf}, 0.5, -math.Ln2, 1},
		{"all die", []float64{0, 0}, []float64{-inf, -inf}, 0.5, -inf, 0},
		{"all were dead", []float64{-inf, -inf}, []float64{0, 0}, 0.5, nan, nan},
		{"nothing", nil, nil, 0.5, nan, nan},
		{"a live NaN", []float64{0, 0}, []float64{0, nan}, 0.5, nan, nan},
		{"an infinite ratio", []float64{0, 0}, []float64{0, inf}, 0.5, nan, nan},
	} {
		if got := LogIncrement(c.w, c.g, c.delta); !near(got, c.increment, 1e-15) {
			t.Errorf("%s: increment %v, want %v", c.name, got, c.increment)
		}
		if got := CESS(c.w, c.g, c.delta); !near(got, c.cess, 1e-15) {
			t.Errorf("%s: CESS %v, want %v", c.name, got, c.cess)
		}
	}
	// CESS is not symmetric in the sign of the step: a twin with the wrong sign is seen at once.
	w, g := []float64{0, 0, 0, 0}, []float64{0, 0, 0, 4}
	if plus, minus := CESS(w, g, 1), CESS(w, g, -1); plus > 2 || minus < 2.9 {
		t.Errorf("CESS forwards %v and backwards %v; want about 1.1 and 3.1", plus, minus)
	}
}

func TestWeightsDoNotAllocate(t *testing.T) {
	w, g, dst := make([]float64, 100), make([]float64, 100), make([]float64, 100)
	if n := testing.AllocsPerRun(10, func() {
		LogSumExp(w)
		WeightESS(w)
		CESS(w, g, 0.1)
		LogIncrement(w, g, 0.1)
		Normalise(dst, w)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
