package run

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
)

// Check is one thing that was done again and compared.
type Check struct {
	What string `json:"what"`
	Same bool   `json:"same"`
}

// Verification says how a run bore being done again.
type Verification struct {
	Dir     string   `json:"dir"`
	Same    bool     `json:"same"`
	Checks  []Check  `json:"checks"`
	Skipped []string `json:"skipped"` // streams without two snapshots in a row to compare, and results that are not there yet
}

// Verify does the last recorded step of every stream of the run in dir again, on one worker, and compares it with the
// record, bit for bit; with all, it does the whole run again and compares digests. If the run is done, it makes the results
// again from the record and compares draws.zarr and summary.json with them. The folder is only read.
func Verify(ctx context.Context, dir string, all bool, o Options) (*Verification, error) {
	view, err := record.Look(dir)
	if err != nil {
		return nil, err
	}
	c, err := config.Read(view.Path(record.RunFile))
	if err == nil {
		err = ownArtefact(c, dir)
	}
	if err != nil {
		return nil, err
	}
	c.Workers = 1
	if c.Target.Workers > 1 {
		c.Target.Workers = 1
	}
	s, err := prepare(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	out := &Verification{Dir: dir, Same: true}
	if all {
		out.Checks, err = s.wholeRun(ctx, view)
	} else {
		out.Checks, out.Skipped, err = s.algorithm.lastStages(ctx, view)
	}
	if err != nil {
		return nil, err
	}
	if len(out.Checks) == 0 {
		return nil, fmt.Errorf("%s: the run has not come far enough to verify anything: no stream has two snapshots", dir)
	}
	if out.Skipped == nil {
		out.Skipped = []string{}
	}
	made, missing, err := results(ctx, view, c, o)
	if err != nil {
		return nil, err
	}
	out.Checks, out.Skipped = append(out.Checks, made...), append(out.Skipped, missing...)
	for _, k := range out.Checks {
		out.Same = out.Same && k.Same
	}
	return out, nil
}

func (s *session) wholeRun(ctx context.Context, v record.View) ([]Check, error) {
	sum, err := v.Summary()
	switch {
	case isAbsent(err) || err == nil && sum.Status != record.StatusDone:
		return nil, fmt.Errorf("%s: the run is not done, so there is no digest to compare with; resume it first", v.Dir())
	case err != nil:
		return nil, err
	}
	o, err := s.algorithm.again(ctx)
	if err != nil {
		return nil, err
	}
	return []Check{{What: "digest of the whole run", Same: digestOf(o) == sum.Digest}}, nil
}
