package run

import "testing"

func TestTimes(t *testing.T) {
	for factor, want := range map[float64]string{1.234: "1.2 times", 17.4: "17 times", 99.6: "100 times", 104: "100 times", 634: "630 times", 8577: "8600 times", 1.94e4: "19000 times"} {
		if got := times(factor); got != want {
			t.Errorf("%g: %s, wanted %s", factor, got, want)
		}
	}
}
