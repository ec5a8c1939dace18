package method

import (
	"encoding/json"
	"testing"
)

// TestSchema: every key with its type, default and meaning, under the method that has it.
func TestSchema(t *testing.T) {
	type keys struct {
		Steps int    `json:"steps" doc:"of the path"`
		Net   string `json:"net"`
	}
	text := Schema([]Method{{Name: "one", Summary: "the first", Keys: keys{Steps: 7, Net: "mlp"}}, {Name: "two"}})
	type property struct {
		Type        any
		Default     any
		Description string
		Enum        []string
		Const       string
		Properties  map[string]property
	}
	var s struct {
		Properties map[string]property
		OneOf      []struct {
			Title, Description string
			Properties         map[string]property
		}
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if m := s.Properties["method"]; len(m.Enum) != 2 || len(s.Properties) != 2 || s.Properties["reference"].Properties["scale"].Description == "" {
		t.Errorf("common keys %+v", s.Properties)
	}
	if len(s.OneOf) != 2 || s.OneOf[0].Description != "the first" || len(s.OneOf[1].Properties) != 1 {
		t.Fatalf("alternatives %+v", s.OneOf)
	}
	one := s.OneOf[0].Properties
	if k := one["steps"]; k.Type != "integer" || k.Default != 7.0 || k.Description != "of the path" {
		t.Errorf("steps %+v", k)
	}
	if one["net"].Default != "mlp" || one["method"].Const != "one" {
		t.Errorf("keys %+v", one)
	}
}
