package method

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Schema is the JSON Schema of the configuration: the common keys, and an alternative for each method with its own. The first
// method is the default.
func Schema(known []Method) string {
	names := []string{}
	alternatives := []map[string]any{}
	for _, m := range known {
		names = append(names, m.Name)
		alternatives = append(alternatives, map[string]any{
			"title": m.Name, "description": m.Summary,
			"properties": withMethod(properties(m.Keys), map[string]any{"const": m.Name}),
		})
	}
	text, err := json.Marshal(map[string]any{
		"type": "object", "oneOf": alternatives,
		"properties": withMethod(properties(common{Reference: standard}), map[string]any{"enum": names, "default": names[0], "description": "how particles are moved"}),
	})
	if err != nil {
		panic("diffusion: schema: " + err.Error()) // of what is written in this program
	}
	return string(text)
}

func withMethod(properties map[string]any, method map[string]any) map[string]any {
	properties["method"] = method
	return properties
}

// properties describes the fields of a struct that hold its defaults: named by their json tags, told of by their doc tags.
func properties(defaults any) map[string]any {
	out := map[string]any{}
	if defaults == nil {
		return out
	}
	v := reflect.ValueOf(defaults)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := map[string]any{"default": v.Field(i).Interface()}
		if doc := f.Tag.Get("doc"); doc != "" {
			p["description"] = doc
		}
		switch f.Type.Kind() {
		case reflect.Bool:
			p["type"] = "boolean"
		case reflect.Int:
			p["type"] = "integer"
		case reflect.Float64:
			p["type"] = "number"
		case reflect.String:
			p["type"] = "string"
		case reflect.Slice:
			p["type"] = "array"
			if f.Type == reflect.TypeFor[numbers]() {
				p["type"] = []string{"number", "array"}
			}
		case reflect.Struct:
			p["type"], p["properties"] = "object", properties(v.Field(i).Interface())
			delete(p, "default") // they stand with its own
		}
		out[name] = p
	}
	return out
}
