package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sampan-mc/sampan/host/config"
	"github.com/sampan-mc/sampan/host/record"
)

// results makes draws.zarr and summary.json anew from the last snapshots of a run that is done, in a copy of its folder,
// and compares them with those that are there. skipped says why there is nothing to compare.
func results(ctx context.Context, view record.View, c *config.Run, o Options) (checks []Check, skipped []string, err error) {
	if was, err := view.Summary(); isAbsent(err) || err == nil && was.Status != record.StatusDone {
		return nil, []string{record.DrawsFolder, record.SummaryFile}, nil
	}
	dir, err := os.MkdirTemp("", "sampan-verify-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	if err := copyRecord(dir, view.Dir()); err != nil {
		return nil, nil, fmt.Errorf("copy the record: %w", err)
	}
	folder, err := record.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer folder.Close()
	s, err := prepare(ctx, c, o)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	if err := errors.Join(s.recall(folder.View), s.attach(folder)); err != nil {
		return nil, nil, err
	}
	if _, err := s.work(ctx); err != nil {
		return nil, nil, fmt.Errorf("make the results again: %w", err)
	}
	draws, err := sameDraws(view, folder.View)
	if err != nil {
		return nil, nil, err
	}
	summary, err := sameSummary(view, folder.View)
	return []Check{draws, summary}, nil, err
}

// copyRecord copies the folder of a run without its results.
func copyRecord(to, from string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case name == record.DrawsFolder || name == record.FailureFolder:
			return fs.SkipDir
		case name == record.SummaryFile:
			return nil
		case e.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case !e.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, 0o600)
	})
}

// sameDraws compares the arrays in draws.zarr, byte for byte: not the attributes, which say when they were written.
func sameDraws(was, is record.View) (Check, error) {
	files := func(v record.View) (map[string][]byte, error) {
		out, root := map[string][]byte{}, v.Path(record.DrawsFolder)
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || e.Name() == ".zattrs" || e.Name() == ".zmetadata" {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err == nil {
				out[filepath.ToSlash(name)], err = os.ReadFile(path)
			}
			return err
		})
		return out, err
	}
	want, err := files(is)
	if err != nil {
		return Check{}, err
	}
	found, err := files(was)
	if isAbsent(err) {
		return Check{What: record.DrawsFolder + ", which is not there"}, nil
	}
	return compared(record.DrawsFolder, found, want), err
}

// sameSummary compares the keys of summary.json, but for what is another each time: how long it took, and what was told.
func sameSummary(was, is record.View) (Check, error) {
	keys := func(v record.View) (map[string][]byte, error) {
		b, err := v.ReadFile(record.SummaryFile)
		if err != nil {
			return nil, err
		}
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			return nil, err
		}
		out := map[string][]byte{}
		for key, value := range raw {
			switch key {
			case "version", "seconds", "phases", "beside", "findings", "warnings":
				continue
			}
			var b bytes.Buffer
			if err := json.Compact(&b, value); err != nil {
				return nil, err
			}
			out[key] = b.Bytes()
		}
		return out, nil
	}
	want, err := keys(is)
	if err != nil {
		return Check{}, err
	}
	found, err := keys(was)
	if err != nil {
		return Check{What: fmt.Sprintf("%s, which cannot be read: %v", record.SummaryFile, err)}, nil
	}
	return compared(record.SummaryFile, found, want), nil
}

// compared says which parts of a result differ, or are in one only.
func compared(what string, was, is map[string][]byte) Check {
	var other []string
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if b, ok := was[name]; !ok || !bytes.Equal(b, is[name]) {
			other = append(other, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[name]; !ok {
			other = append(other, name)
		}
	}
	if len(other) == 0 {
		return Check{What: what, Same: true}
	}
	return Check{What: fmt.Sprintf("%s: %s", what, strings.Join(other, ", "))}
}
