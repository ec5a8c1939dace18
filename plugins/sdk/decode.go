package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
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
		fault = &targets.ConfigError{Path: typ.Field, Found: "a " + typ.Value, Accepted: "a value of type " + typ.Type.String()}
	} else if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		accepted := "no keys"
		if known := keys(into); len(known) > 0 {
			accepted = strings.Join(known, ", ")
		}
		fault = &targets.ConfigError{Path: strings.Trim(key, `"`), Found: "an unknown key", Accepted: accepted}
	}
	return targets.ConfigErrors{fault}
}

// keys lists the keys that the struct behind into takes at the top level.
func keys(into any) []string {
	t := reflect.TypeOf(into)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
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
