package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	pb "github.com/sampan-mc/sampan/proto/sampan/plugin/v1"
	"github.com/sampan-mc/sampan/proto/wire"
)

// Describe asks a plugin about itself and returns spec with the answer filled in: by the program's `describe` command,
// or, where there is none, by starting it.
func Describe(ctx context.Context, spec *Spec, o Options) (*Spec, error) {
	o = o.withDefaults(spec)
	h, err := newHousehold()
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w", spec.Name, err)
	}
	s := *spec
	if s.describe != nil {
		err = s.byCommand(ctx, h, o)
	} else {
		err = s.byCall(ctx, h, o)
	}
	var l *lost
	if errors.As(err, &l) {
		err = l.forUser(spec.Name)
	}
	if err := errors.Join(err, h.close()); err != nil {
		return nil, err
	}
	return &s, nil
}

// fill takes an answer in.
func (s *Spec) fill(name, version, sdk string, components []Component) {
	s.Name, s.Version, s.SDK, s.Components, s.Kinds = name, version, sdk, components, nil
	for _, c := range components {
		if !slices.Contains(s.Kinds, c.Kind) {
			s.Kinds = append(s.Kinds, c.Kind)
		}
		if s.Summary == "" {
			s.Summary = c.Summary
		}
	}
}

// byCall starts the plugin for one Describe.
func (s *Spec) byCall(ctx context.Context, h *household, o Options) error {
	l, err := dial(ctx, h, s, o, environment(s, o), func(level, text string) {
		o.Log(LogLine{Plugin: s.Name, Level: level, Text: text})
	})
	if err != nil {
		return err
	}
	reply, err := l.describe(ctx, s, o.DescribeTimeout)
	l.close()
	if err != nil {
		return err
	}
	var components []Component
	for _, c := range reply.Components {
		components = append(components, Component{Kind: kindName(c.Kind), Name: c.Name, Summary: c.Summary, Schema: c.ConfigSchemaJson})
	}
	s.fill(reply.Name, reply.Version, reply.Sdk, components)
	return nil
}

func kindName(k pb.Kind) string {
	return strings.ToLower(strings.TrimPrefix(k.String(), "KIND_"))
}

// byCommand runs the plugin's `describe`.
func (s *Spec) byCommand(ctx context.Context, h *household, o Options) error {
	failed := func(stderr, format string, args ...any) error {
		return &Error{Plugin: s.Name, Op: "describe", Problem: fmt.Sprintf(format, args...), Stderr: stderr}
	}
	limited, cancel := context.WithTimeout(ctx, o.StartTimeout+o.DescribeTimeout)
	defer cancel()
	stdout, stderr, err := h.output(limited, s.describe, s.Dir, environment(s, o))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return failed(stderr, "`%s` did not end within %v and was killed", strings.Join(s.describe, " "), o.StartTimeout+o.DescribeTimeout)
	case err != nil:
		return failed(stderr, "`%s`: %v", strings.Join(s.describe, " "), err)
	}
	var d struct {
		Name, Version, SDK string
		Protocol           []int
		Components         []struct {
			Kind, Name, Summary string
			Schema              json.RawMessage `json:"config_schema"`
		}
	}
	if err := json.Unmarshal(stdout, &d); err != nil {
		return failed(stderr, "`%s` printed %q, which is not a description in JSON: %v", strings.Join(s.describe, " "), clip(string(stdout), 200), err)
	}
	if !slices.Contains(d.Protocol, wire.ProtocolMajor) {
		return failed(stderr, "speaks protocol %v, this program speaks %d", d.Protocol, wire.ProtocolMajor)
	}
	var components []Component
	for _, c := range d.Components {
		if !slices.Contains(kinds, c.Kind) {
			return failed(stderr, "serves a %q named %q; known kinds are %s", c.Kind, c.Name, strings.Join(kinds, ", "))
		}
		components = append(components, Component{Kind: c.Kind, Name: c.Name, Summary: c.Summary, Schema: c.Schema})
	}
	if !validName.MatchString(d.Name) || len(components) == 0 {
		return failed(stderr, "says that its name is %q and that it serves %d components; accepted: letters, digits, dots, - and _, and at least one", d.Name, len(components))
	}
	s.fill(d.Name, d.Version, d.SDK, components)
	return nil
}

// maxDescription bounds what a program that is no plugin may print before it is cut short.
const maxDescription = 1 << 20

// output runs a command to its end, or to ctx's.
func (h *household) output(ctx context.Context, argv []string, dir string, env []string) (stdout []byte, stderr string, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Cancel = func() error {
		killGroup(cmd.Process.Pid)
		return nil
	}
	cmd.WaitDelay = time.Second
	var out bounded
	errs := &output{log: func(string, string) {}}
	var errText bounded
	cmd.Stdout, cmd.Stderr = &out, &errText
	if err := h.start(cmd); err != nil {
		return nil, "", err
	}
	err = cmd.Wait()
	h.ended(cmd.Process.Pid)
	errs.read(&errText.Buffer, nil)
	return out.Bytes(), errs.tail(), err
}

// bounded keeps the first of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, maxDescription-b.Len()))])
	return len(p), nil
}
