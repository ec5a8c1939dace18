//go:build unix

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLastTwoCheckpointsAreKept(t *testing.T) {
	f := create(t)
	if _, _, ok, err := f.LoadCheckpoint("pilot"); ok || err != nil {
		t.Errorf("before any: %v %v", ok, err)
	}
	for i := range 12 {
		if err := f.SaveCheckpoint("pilot", i, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		have, err := f.Checkpoints("pilot")
		if want := []int{max(0, i-1), i}; err != nil || !slices.Equal(have, slices.Compact(want)) {
			t.Errorf("after %d: %v, %v", i, have, err)
		}
	}
	if err := f.SaveCheckpoint("island-0", 3, nil); err != nil {
		t.Fatal(err)
	}
	if index, payload, ok, err := f.LoadCheckpoint("pilot"); index != 11 || !bytes.Equal(payload, []byte{11}) || !ok || err != nil {
		t.Errorf("%d %v %v %v", index, payload, ok, err)
	}
	if index, payload, ok, err := f.LoadCheckpoint("island-0"); index != 3 || len(payload) != 0 || !ok || err != nil {
		t.Errorf("empty payload: %d %v %v %v", index, payload, ok, err)
	}
	if b, err := f.LoadCheckpointAt("pilot", 10); err != nil || b[0] != 10 {
		t.Errorf("the one before: %v %v", b, err)
	}
	if _, err := f.LoadCheckpointAt("pilot", 9); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that is gone: %v", err)
	}
	if streams, err := f.Streams(); fmt.Sprint(streams) != "[island-0 pilot]" || err != nil {
		t.Errorf("streams: %v %v", streams, err)
	}
	for _, bad := range []string{"", "../x", "a/b", ".hidden"} {
		if err := f.SaveCheckpoint(bad, 0, nil); err == nil {
			t.Errorf("stream %q was taken", bad)
		}
	}
}

// TestDamagedCheckpointIsPassedOver cuts and flips the newest snapshot in every place.
func TestDamagedCheckpointIsPassedOver(t *testing.T) {
	f := create(t)
	for i := range 2 {
		if err := f.SaveCheckpoint("s", i, fmt.Appendf(nil, "payload %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(f.streamDir("s"), checkpointName(1))
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	versionAt := len(magic)
	for i := range sound {
		flipped := bytes.Clone(sound)
		flipped[i] ^= 0x40
		for what, damaged := range map[string][]byte{"cut": sound[:i], "flipped": flipped} {
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			index, payload, ok, err := f.LoadCheckpoint("s")
			if what == "flipped" && i >= versionAt && i < versionAt+4 {
				if err == nil || !strings.Contains(err.Error(), "version") {
					t.Errorf("version byte %d flipped: %v; want an error that says so, not an older snapshot", i, err)
				}
				continue
			}
			if index != 0 || string(payload) != "payload 0" || !ok || err != nil {
				t.Fatalf("%s at %d: %d %q %v %v", what, i, index, payload, ok, err)
			}
		}
	}
	if got := kinds(t, f.View); !strings.HasPrefix(got, "created checkpoint-damaged checkpoint-damaged") {
		t.Errorf("events: %.60s", got)
	}
	if err := f.SaveCheckpoint("s", 1, []byte("again")); err != nil {
		t.Fatal(err)
	}
	if index, payload, _, _ := f.LoadCheckpoint("s"); index != 1 || string(payload) != "again" {
		t.Errorf("after writing it again: %d %q", index, payload)
	}
	// A sound file in the wrong place is a mistake that must not pass.
	if err := os.Rename(path, filepath.Join(f.streamDir("s"), checkpointName(5))); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := f.LoadCheckpoint("s"); err == nil || !strings.Contains(err.Error(), "number 1") {
		t.Errorf("a renamed snapshot: %v", err)
	}
}

func TestBlocks(t *testing.T) {
	f := create(t)
	for i := range 3 {
		if err := f.SaveBlock("chains", i, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SaveBlock("chains", 1, []byte{1}); err != nil { // as a resumed run does
		t.Fatal(err)
	}
	got, err := f.Blocks("chains", 3)
	if err != nil || fmt.Sprint(got) != "[[0] [1] [2]]" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := f.Blocks("chains", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing block: %v", err)
	}
}

func TestFrameRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.String().Draw(t, "stream")
		index := rapid.IntRange(0, 1<<40).Draw(t, "index")
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		head, err := frame(stream, index, payload)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unframe(append(head, payload...), stream, index)
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("%v %v", got, err)
		}
	})
}

func FuzzUnframe(f *testing.F) {
	head, _ := frame("s", 1, []byte("payload"))
	f.Add(append(head, "payload"...))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = unframe(b, "s", 1) // must not panic
	})
}
