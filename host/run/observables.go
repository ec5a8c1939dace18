package run

import (
	"github.com/sampan-mc/sampan/host/record"
	"github.com/sampan-mc/sampan/smc/diag"
	"github.com/sampan-mc/sampan/targets"
)

// statisticsOf are the statistics of t at n points on the declared scale, one to a row.
func statisticsOf(t targets.Observed, n int, at func(int) []float64) []float64 {
	k := t.NumStatistics()
	out := make([]float64, n*k)
	for i := range n {
		t.Statistics(out[i*k:(i+1)*k], at(i))
	}
	return out
}

// observables are from the weighted particles, not from the draws, which a last resampling has made more alike.
func (o *populationOutcome) observables(t targets.Observed, _ *posterior) (out []record.Observable) {
	islands, rows := make([]diag.Island, len(o.Islands)), make([][]float64, len(o.Islands))
	d := o.transform.Dim()
	for m := range o.Islands {
		p := o.Islands[m].Particles
		x := append([]float64{}, p.X...)
		o.transform.Constrain(p.N, x, x)
		islands[m] = o.Islands[m].Genealogy
		rows[m] = statisticsOf(t, p.N, func(i int) []float64 { return x[i*d : (i+1)*d] })
	}
	for _, q := range t.Observables() {
		value, se := diag.OfMeans(q.Of).Islands(islands, rows, t.NumStatistics())
		out = append(out, record.Observable{Name: q.Name, Value: record.Float(value), SE: record.Float(se)})
	}
	return out
}

func (o *chainOutcome) observables(t targets.Observed, post *posterior) (out []record.Observable) {
	rows := make([][]float64, post.chains)
	d := o.transform.Dim()
	for c := range rows {
		rows[c] = statisticsOf(t, post.draws, func(i int) []float64 { return post.x[(c*post.draws+i)*post.width:][:d] })
	}
	for _, q := range t.Observables() {
		value, se := diag.OfMeans(q.Of).Chains(rows, t.NumStatistics())
		out = append(out, record.Observable{Name: q.Name, Value: record.Float(value), SE: record.Float(se)})
	}
	return out
}
