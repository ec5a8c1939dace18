package tables

import "testing"

// TestNames: outcomes are kept by rows' names, so that no two may have the same.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name()] {
			t.Errorf("two rows are named %q", r.name())
		}
		seen[r.name()] = true
	}
}
