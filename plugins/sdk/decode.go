package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/targets"
)

// Decode reads a configuration into the struct that into points to. Fields are named by their json tags, keep the value
// they have if the key is absent, and unknown keys are faults. What it returns is targets.ConfigErrors, or nil.
func Decode(config json.RawMessage, into any) error {
	if len(bytes.TrimSpace(config)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("more than one JSON value")
	}
	if err == nil {
		return nil
	}
	fault := &targets.ConfigError{Found: err.Error(), Accepted: "one JSON object"}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		fault = &targets.ConfigError{Path: typ.Field, Found: found(config, typ.Field, typ.Value), Accepted: plainly(typ.Type)}
		if strings.HasPrefix(fault.Found, "[") && !strings.HasPrefix(fault.Accepted, "a list") && typ.Value != "array" {
			fault.Accepted += " in each place of the list"
		}
	} else if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		key = strings.Trim(key, `"`)
		path, known := unknown(config, reflect.TypeOf(into), key)
		accepted := "no keys"
		if len(known) > 0 {
			accepted = strings.Join(known, ", ")
		}
		fault = &targets.ConfigError{Path: path, Found: "an unknown key", Accepted: accepted}
	}
	return targets.ConfigErrors{fault}
}

// found is the value at path as it would stand in a run file, or its kind where it is long or not to be found.
func found(config json.RawMessage, path, kind string) string {
	for _, key := range strings.Split(path, ".") {
		var table map[string]json.RawMessage
		if path != "" && json.Unmarshal(config, &table) == nil && table[key] != nil {
			config = table[key]
			continue
		}
		kind, _, _ = strings.Cut(kind, " ")
		return "a value of type " + kind
	}
	if text := string(config); len(text) <= 40 && text[0] != '{' {
		return text
	}
	return map[byte]string{'{': "a table", '[': "a list", '"': "text"}[config[0]]
}

// plainly names the values of a Go type to those who write run files.
func plainly(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		of := map[string]string{"text in quotes": "of texts in quotes", "a number": "of numbers", "a whole number": "of whole numbers"}[plainly(t.Elem())]
		return strings.TrimSpace("a list " + of)
	case reflect.Struct, reflect.Map:
		return "a table"
	case reflect.Pointer:
		return plainly(t.Elem())
	}
	if t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 {
		return "a whole number"
	}
	return "a value of type " + t.String()
}

// unknown finds the first table of the configuration that has key and does not know it, and the keys that it knows. The
// decoder names the key alone.
func unknown(config json.RawMessage, t reflect.Type, key string) (path string, known []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var table map[string]json.RawMessage
	if t.Kind() != reflect.Struct || json.Unmarshal(config, &table) != nil {
		return key, nil
	}
	fields := keys(t)
	knows := slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, key) })
	if _, has := table[key]; has && !knows {
		return key, fields
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if sub, known := unknown(table[name], t.Field(i).Type, key); known != nil {
			return name + "." + sub, known
		}
	}
	return key, nil
}

// keys lists the keys that a struct takes at the top level.
func keys(t reflect.Type) []string {
	names := []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// checkNames refuses components that could not be told apart or asked for.
func checkNames(components []component) error {
	if len(components) == 0 {
		return errors.New("a plugin serves at least one component")
	}
	seen := map[string]bool{}
	for _, c := range components {
		if c.name == "" || strings.Trim(c.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			return fmt.Errorf("component name %q; accepted: letters, digits, dots, - and _", c.name)
		}
		if key := c.kind.String() + c.name; seen[key] {
			return fmt.Errorf("two components are named %q", c.name)
		} else {
			seen[key] = true
		}
		switch {
		case c.kind == pb.Kind_KIND_TARGET && c.newDensity == nil:
			return fmt.Errorf("component %q has neither Density nor New", c.name)
		case c.kind == pb.Kind_KIND_TRANSPORT && c.newTransport == nil:
			return fmt.Errorf("component %q has no New", c.name)
		}
	}
	return nil
}
