package cli

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a run is: on a terminal one bar with rate and remaining time, elsewhere a plain line now and
// then. Updates may come from any goroutine and as often as they like.
type progress struct {
	mu      sync.Mutex
	out     Streams
	bar     *progressbar.ProgressBar
	started time.Time
	shown   time.Time // last plain line
	part    string    // of the run that is under way
	since   time.Time // when it began
	evals0  int64     // evaluations made before that, or by an earlier process
	base    float64   // fraction likewise
	begun   bool
	width   int // of the bar
}

const (
	barSteps  = 1000
	plainGap  = 5 * time.Second // between plain lines
	minForETA = 0.01            // of the run must be done before the rest is foretold
)

func newProgress(out Streams) *progress {
	p := &progress{out: out, started: time.Now(), since: time.Now(), shown: time.Now(), width: min(24, max(8, out.Width-72))}
	if out.Terminal {
		p.bar = progressbar.NewOptions(barSteps,
			progressbar.OptionSetWriter(out.Err),
			progressbar.OptionSetWidth(p.width),
			progressbar.OptionThrottle(80*time.Millisecond),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "━", SaucerHead: "╸", SaucerPadding: " ", BarStart: "│", BarEnd: "│"}),
		)
	}
	return p
}

// update shows the fraction of the run done, evaluations made so far, the time that is left, of the part of the run that is
// named if one is, and what is going on.
func (p *progress) update(fraction float64, evals int64, part string, left time.Duration, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun {
		p.begun, p.base, p.evals0 = true, fraction, evals
	}
	if part != p.part {
		p.part, p.since, p.evals0 = part, time.Now(), evals
	}
	elapsed := time.Since(p.started)
	text := ""
	if part != "" {
		text = part + ": "
	} else {
		left = p.remaining(fraction, elapsed)
	}
	if left > 0 {
		text += short(left) + " left  "
	}
	if s := time.Since(p.since).Seconds(); evals > p.evals0 && s > 0 {
		text += siPrefix(float64(evals-p.evals0)/s) + " evaluations/s  "
	}
	text += detail
	if p.bar != nil {
		p.bar.Describe(fit(text, p.out.Width-p.width-10))
		_ = p.bar.Set(int(math.Min(fraction, 1) * barSteps))
		return
	}
	if time.Since(p.shown) >= plainGap {
		p.shown = time.Now()
		p.out.say("%3.0f %%  %s", 100*fraction, text)
	}
}

// print writes a line without spoiling the bar.
func (p *progress) print(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	p.out.say(format, args...)
}

// remaining extrapolates from the speed since the start of this process.
func (p *progress) remaining(fraction float64, elapsed time.Duration) time.Duration {
	done := fraction - p.base
	if done < minForETA || fraction >= 1 {
		return 0
	}
	return time.Duration(float64(elapsed) * (1 - fraction) / done)
}

// done takes the bar away, so that what follows starts on a clean line.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		fmt.Fprint(p.out.Err, "\r"+strings.Repeat(" ", p.out.Width-1)+"\r")
		p.bar = nil
	}
}

// siPrefix prints x to three figures with k, M or G.
func siPrefix(x float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= u.size {
			return fmt.Sprintf("%.3g %s", x/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g", x)
}

// short prints a duration as people say it.
func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", math.Ceil(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

func fit(s string, width int) string {
	r := []rune(s)
	if width < 1 || len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}
