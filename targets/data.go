package targets

import (
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// embedded holds the data of the catalogue; data/README.md says where they come from and under which licence.
//
//go:embed data/*.csv data/*.json
var embedded embed.FS

// opener opens a data file by the name a configuration gives it.
type opener func(name string) (fs.File, error)

func openEmbedded(name string) (fs.File, error) { return embedded.Open("data/" + name) }

// openIn opens files relative to folder.
func openIn(folder string) opener {
	return func(name string) (fs.File, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(folder, name)
		}
		return os.Open(name)
	}
}

// decodeEmbedded reads an embedded JSON file; its form is fixed when the program is built.
func decodeEmbedded(name string, v any) {
	raw, err := embedded.ReadFile("data/" + name)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		panic("targets: embedded data: " + err.Error())
	}
}

// table is a CSV file of numbers with a header.
type table struct {
	names []string
	cols  [][]float64
}

func (t *table) rows() int { return len(t.cols[0]) }

// column is the index of the column of that name, or −1.
func (t *table) column(name string) int {
	for j, n := range t.names {
		if n == name {
			return j
		}
	}
	return -1
}

// readTable reads a table. A blank cell is NaN if gaps are allowed, and else an error.
func readTable(open opener, name string, gaps bool) (*table, error) {
	f, err := open(name)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = fmt.Errorf("%s: %w", pe.Path, pe.Err)
		}
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.TrimLeadingSpace = true
	names, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if allNumbers(names) { // an observation that would be lost without a word
		return nil, errors.New("numbers in line 1, where the names of the columns belong")
	}
	t := &table{names: names, cols: make([][]float64, len(names))}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for j, cell := range rec {
			v, err := strconv.ParseFloat(cell, 64)
			if gaps && (cell == "" || math.IsNaN(v)) {
				v, err = math.NaN(), nil
			} else if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
				err = strconv.ErrRange
			}
			if err != nil {
				line, _ := in.FieldPos(j)
				return nil, fmt.Errorf("%q in line %d, column %s", cell, line, names[j])
			}
			t.cols[j] = append(t.cols[j], v)
		}
	}
	if len(names) == 0 || t.rows() == 0 {
		return nil, errors.New("no rows below the header")
	}
	return t, nil
}

func allNumbers(cells []string) bool {
	for _, c := range cells {
		if _, err := strconv.ParseFloat(c, 64); err != nil {
			return false
		}
	}
	return true
}
