package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// The environment that `make tables` sets, and that a row's own process is given.
const (
	envPage  = "SAMPAN_TABLES"       // the page to write
	envSeeds = "SAMPAN_TABLES_SEEDS" // how many seeds; 1 if empty
	envOnly  = "SAMPAN_TABLES_ONLY"  // a regular expression of rows' names
	envNew   = "SAMPAN_TABLES_NEW"   // if not empty, what has an outcome on file is left as it is
	envRow   = "SAMPAN_TABLES_ROW"   // the row that this process runs
	envSeed  = "SAMPAN_TABLES_SEED"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(envRow); name != "" {
		os.Exit(one(name))
	}
	os.Exit(m.Run())
}

// one runs a row in this process, alone, so that its processor time can be told, and prints the outcome.
func one(name string) int {
	seed, err := strconv.Atoi(os.Getenv(envSeed))
	for _, r := range rows() {
		if r.name() != name || err != nil {
			continue
		}
		o, err := r.work(context.Background(), seed)
		if err != nil {
			o = &outcome{Row: name, Seed: seed, Failed: err.Error()}
		}
		if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	fmt.Fprintf(os.Stderr, "no row %q with seed %q\n", name, os.Getenv(envSeed))
	return 1
}

// TestTables runs only where SAMPAN_TABLES names the page to write; it takes an hour and more.
func TestTables(t *testing.T) {
	page := os.Getenv(envPage)
	if page == "" {
		t.Skip("set " + envPage + " to the page to write, as `make tables` does")
	}
	seeds := 1
	if s := os.Getenv(envSeeds); s != "" {
		var err error
		if seeds, err = strconv.Atoi(s); err != nil || seeds < 1 {
			t.Fatalf("%s: %q found; accepted: a number from 1", envSeeds, s)
		}
	}
	only, err := regexp.Compile(os.Getenv(envOnly))
	if err != nil {
		t.Fatalf("%s: %v", envOnly, err)
	}
	var todo []row
	for _, r := range rows() {
		if !only.MatchString(r.name()) {
			continue
		}
		if why := r.absent(); why != "" {
			t.Logf("%s: skipped, %s", r.name(), why)
			continue
		}
		todo = append(todo, r)
	}
	if !filepath.IsAbs(page) {
		page = filepath.Join("..", "..", page)
	}
	book, err := openBook(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.save(); err != nil { // as the tables are now, whatever rows follow
		t.Fatal(err)
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for _, r := range todo {
		for s := range seeds {
			if os.Getenv(envNew) != "" && book.has(r, s+1) {
				continue
			}
			slots <- struct{}{}
			wait.Go(func() {
				defer func() { <-slots }()
				o := child(r.name(), s+1)
				if err := book.enter(o); err != nil {
					t.Error(err)
				}
				t.Logf("%s, seed %d: ESS %.4f, log Z %+.4f ± %.4f, gap %.4f, %d/%d modes, TV %.3f; %.1f + %.1f s", r.name(), o.Seed,
					o.ESS, o.LogZ, o.LogZErr, o.Gap, o.Modes, o.Of, o.Variation, o.Pilot, o.Train)
				for _, f := range r.faults(o) {
					t.Errorf("%s, seed %d: %s", r.name(), o.Seed, f)
				}
			})
		}
	}
	wait.Wait()
}

// child runs a row in a process of its own, on one processor.
func child(name string, seed int) *outcome {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRow+"="+name, envSeed+"="+strconv.Itoa(seed), "GOMAXPROCS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	o := &outcome{Row: name, Seed: seed}
	if err == nil {
		err = json.Unmarshal(text, o)
	}
	if err != nil {
		o.Failed = fmt.Sprintf("%v: %s", err, stderr.Bytes())
	}
	return o
}
