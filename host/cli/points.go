package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// readPoints reads points from a CSV file without header, one point a line; "-" is standard input. Blank lines and lines
// that start with # are skipped. It returns n×d numbers, row-major.
func readPoints(path string, in io.Reader, d int) (x []float64, n int, err error) {
	name := path
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, &usageError{fmt.Sprintf("--points: %v", err)}
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, 0, fmt.Errorf("read points from %s: %w", name, err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) != d {
			return nil, 0, &usageError{fmt.Sprintf("%s:%d: found %s, accepted: %d, the dimension of the target, separated by commas", name, i+1, plural(len(fields), "value"), d)}
		}
		for j, f := range fields {
			v, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
			if err != nil {
				return nil, 0, &usageError{fmt.Sprintf("%s:%d: column %d: found %q, accepted: a number%s", name, i+1, j+1, strings.TrimSpace(f), headerHint(i, n))}
			}
			x = append(x, v)
		}
		n++
	}
	if n == 0 {
		return nil, 0, &usageError{name + ": no points; accepted: CSV without header, one point a line"}
	}
	return x, n, nil
}

// headerHint is for the commonest mistake: a first line with names.
func headerHint(line, points int) string {
	if line == 0 && points == 0 {
		return " (the file has no header line)"
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
