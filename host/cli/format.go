package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// withError prints v and its standard error to the two figures of the error that mean something: −108.384 ± 0.041.
func withError(v, se float64) string {
	if !(se > 0) || math.IsInf(se, 0) || math.IsNaN(v) || math.IsInf(v, 0) {
		return number(v, 6)
	}
	d := decimals(se)
	return fmt.Sprintf("%.*f ± %.*f", d, v, d, se)
}

// decimals is how many places show two figures of se.
func decimals(se float64) int {
	return max(0, min(12, 1-int(math.Floor(math.Log10(se)))))
}

// number prints x to figures significant figures, plainly where that is readable; "-" if it is not known.
func number(x float64, figures int) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case x == 0:
		return "0"
	case math.IsInf(x, 0):
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	mag := int(math.Floor(math.Log10(math.Abs(x))))
	if mag < -4 || mag > 8 {
		return strconv.FormatFloat(x, 'g', figures, 64)
	}
	return strconv.FormatFloat(x, 'f', max(0, figures-1-mag), 64)
}

// thousands prints a count with thin groups: 12 345 678.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// table lines up rows of cells: the first column to the left, the others to the right.
func table(indent string, rows [][]string) string {
	var width []int
	for _, r := range rows {
		for j, c := range r {
			if j == len(width) {
				width = append(width, 0)
			}
			width[j] = max(width[j], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(indent)
		for j, c := range r {
			pad := strings.Repeat(" ", width[j]-utf8.RuneCountInString(c))
			switch {
			case j > 0:
				b.WriteString("  " + pad + c)
			default:
				b.WriteString(c + pad)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// wrap breaks text into lines of at most width columns, each with the indent.
func wrap(text, indent string, width int) string {
	var b strings.Builder
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(indent+line+" "+w) > width {
			b.WriteString(indent + line + "\n")
			line = ""
		}
		line = strings.TrimSpace(line + " " + w)
	}
	return b.String() + indent + line + "\n"
}
