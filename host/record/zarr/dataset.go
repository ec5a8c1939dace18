package zarr

import (
	"fmt"
	"strings"
)

// Attrs are attributes of the root, a group or an array.
type Attrs map[string]any

// Dataset is a tree of one level.
type Dataset struct {
	Attrs  Attrs
	Groups []Group
}

// Group holds arrays.
type Group struct {
	Name   string
	Attrs  Attrs
	Arrays []Array
}

// Array is a named array. An array whose one dimension has its own name is the coordinate of that dimension.
type Array struct {
	Name  string
	Dims  []string // one name a dimension
	Shape []int
	// Data is row-major: []float64, []int32, []int64, []bool or []string.
	Data  any
	Attrs Attrs
}

// Group returns the group of that name, or nil.
func (d *Dataset) Group(name string) *Group {
	for i := range d.Groups {
		if d.Groups[i].Name == name {
			return &d.Groups[i]
		}
	}
	return nil
}

// Array returns the array of that name, or nil.
func (g *Group) Array(name string) *Array {
	for i := range g.Arrays {
		if g.Arrays[i].Name == name {
			return &g.Arrays[i]
		}
	}
	return nil
}

// check reports what Zarr or xarray would not take.
func (d *Dataset) check() error {
	groups := map[string]bool{}
	for _, g := range d.Groups {
		if err := checkName(g.Name); err != nil {
			return err
		}
		if groups[g.Name] {
			return fmt.Errorf("there are two groups %q", g.Name)
		}
		groups[g.Name] = true
		if err := g.check(); err != nil {
			return fmt.Errorf("group %q: %w", g.Name, err)
		}
	}
	return nil
}

func (g *Group) check() error {
	size := map[string]int{}
	seen := map[string]bool{}
	for _, a := range g.Arrays {
		if err := checkName(a.Name); err != nil {
			return err
		}
		if seen[a.Name] {
			return fmt.Errorf("there are two arrays %q", a.Name)
		}
		seen[a.Name] = true
		if len(a.Dims) != len(a.Shape) {
			return fmt.Errorf("array %q has %d dimension names for shape %v", a.Name, len(a.Dims), a.Shape)
		}
		n := 1
		for i, dim := range a.Dims {
			if have, ok := size[dim]; ok && have != a.Shape[i] {
				return fmt.Errorf("dimension %q has size %d in array %q and %d in another", dim, a.Shape[i], a.Name, have)
			}
			size[dim] = a.Shape[i]
			n *= a.Shape[i]
		}
		if have := dataLen(a.Data); have != n {
			return fmt.Errorf("array %q of shape %v has %d values of type %T", a.Name, a.Shape, have, a.Data)
		}
	}
	for _, a := range g.Arrays {
		if _, isDim := size[a.Name]; isDim && (len(a.Dims) != 1 || a.Dims[0] != a.Name) {
			return fmt.Errorf("array %q has the name of a dimension", a.Name)
		}
	}
	return nil
}

func checkName(name string) error {
	if name == "" || name[0] == '.' || strings.HasPrefix(name, "__") || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("name %q: accepted are names without slashes that do not start with a dot or two underscores", name)
	}
	return nil
}

// dataLen is the number of values, −1 for a type that is not taken.
func dataLen(data any) int {
	switch v := data.(type) {
	case []float64:
		return len(v)
	case []int32:
		return len(v)
	case []int64:
		return len(v)
	case []bool:
		return len(v)
	case []string:
		return len(v)
	}
	return -1
}
