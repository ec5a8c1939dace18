"""Times JAX and PyTorch on the training steps of `sampan bench core`, and writes the ratios down.

For each step every form of a peer is tried, and the fastest go into rounds: Sampan, then JAX, then PyTorch, and again. The form
that is fastest there counts.
What counts is processor time; compiling does not. All run on one core, one at a time.
"""

import argparse
import contextlib
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import levels
import report

HERE = Path(__file__).parent
STEPS = (
    [("lv", f"d=2 K=100 B=2048 H={h}") for h in (64, 128, 256)]
    + [(name, f"d={d} B=2048 H={h}") for name in ("logce", "logfp") for h in (64, 128) for d in (2, 5, 50)]
    + [("matching", f"d={d} B=2048 H={h}") for h in (96, 128) for d in (5, 50)]
    + [("spring", "d=2 N=384 H=40")]
)
CHECK = 384  # order of the matrices whose product shows the instruction set
HOPELESS = 1.3  # a form that takes so many times as long as the best so far is timed once
CLOSE, FINALISTS = 1.1, 3  # forms this close to the best go into the rounds, so many at most
MINIMUM = 0.25  # seconds that a peer is timed for in a round, at least


class Peer:
    """A worker.py."""

    def __init__(self, module, shape, env):
        command = [sys.executable, str(HERE / "worker.py"), module, shape]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=levels.environment(env))
        self.forms = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)} ended with {self.process.wait()}")
        return json.loads(line)

    def time(self, form, times):
        """Processor milliseconds of single steps."""
        self.process.stdin.write(json.dumps({"form": form, "times": times}) + "\n")
        self.process.stdin.flush()
        return self._answer()["cpu_ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Candidates:
    """All forms of a step in one library, under all its settings. The fastest of a first pass go into the rounds."""

    def __init__(self, stack, module, shape, settings):
        self.forms, self.tried, best = {}, {}, math.inf
        for setting, env in settings.items():
            peer = Peer(module, shape, env)
            stack.callback(peer.close)
            for form in peer.forms:
                ms = peer.time(form, 1)[0]
                if ms < HOPELESS * best:
                    ms = statistics.median([ms, *peer.time(form, 2)])
                best = min(best, ms)
                name = f"{form}, {setting}" if setting else form
                self.forms[name], self.tried[name] = (peer, form), ms
        close = [name for name in self.tried if self.tried[name] < CLOSE * best]
        self.times = {name: [] for name in sorted(close, key=self.tried.get)[:FINALISTS]}

    def round(self):
        for name, times in self.times.items():
            peer, form = self.forms[name]
            times.append(statistics.median(peer.time(form, max(3, round(1e3 * MINIMUM / self.tried[name])))))

    def fastest(self):
        return min(self.times.items(), key=lambda item: statistics.median(item[1]))


def sampan(binary, only, env):
    command = [binary, "bench", "core", "--json", "--quick", "--only", f"^{re.escape(only)}$"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, env=levels.environment(env))
    return json.loads(done.stdout)


def measure(binary, level, name, shape, rounds):
    """One row of the table."""
    row = {"level": level.name, "step": name, "shape": shape, "load": [os.getloadavg()[0]]}
    with contextlib.ExitStack() as stack:
        rivals = {"jax": Candidates(stack, f"{name}_jax", shape, level.jax)}
        if (HERE / f"{name}_torch.py").exists():
            rivals["torch"] = Candidates(stack, f"{name}_torch", shape, {"": level.torch})
        own = []
        for _ in range(rounds):
            bench = sampan(binary, f"{name} f32 {shape}", level.sampan)
            own.append(bench["train_step"][0])
            for candidates in rivals.values():
                candidates.round()
        if bench["isa"] != level.name:
            raise SystemExit(f"sampan uses {bench['isa']} where {level.name} was asked for")
        row["sampan"] = {
            "ms": statistics.median(s["ms"] for s in own),
            "form": own[-1].get("form", ""),
            "fraction": statistics.median(s["fraction"] for s in own) if own[0]["fraction"] is not None else None,
        }
        for rival, candidates in rivals.items():
            form, times = candidates.fastest()
            ratios = [t / s["ms"] for t, s in zip(times, own)]
            row[rival] = {
                "ms": statistics.median(times),
                "form": form,
                "ratio": statistics.median(ratios),
                "range": [min(ratios), max(ratios)],
                "tried": candidates.tried,
            }
    row["load"].append(os.getloadavg()[0])
    return row


def products(binary, level):
    """Rates of a matrix product, in 10⁹ operations a second, and of Sampan's loop of multiply-adds."""
    found = {"sampan": sampan(binary, "gemm-forward f32 H=256 P=64", level.sampan)["fma_peak"]["f32"]}
    settings = {f"jax, {library}": ("check_jax", env) for library, env in level.jax.items()} | {"torch": ("check_torch", level.torch)}
    for name, (module, env) in settings.items():
        with contextlib.closing(Peer(module, f"N={CHECK}", env)) as peer:
            found[name] = 2 * CHECK**3 / 1e6 / min(peer.time("product", 20))
    return found


def processor():
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as f:
        return next(line.split(":", 1)[1].strip() for line in f if line.startswith("model name"))
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sampan", required=True, help="the binary")
    parser.add_argument("--results", type=Path, required=True, help="JSON; rows measured here replace those of the same step")
    parser.add_argument("--report", type=Path, required=True, help="Markdown of all results")
    parser.add_argument("--only", default="", help="regular expression on 'LEVEL STEP SHAPE'")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()

    if hasattr(os, "sched_setaffinity"):  # for the processes started here, too
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    machine = {"cpu": processor(), "python": platform.python_version()} | {name: metadata.version(name) for name in ("jax", "torch")}
    results = json.loads(args.results.read_text()) if args.results.exists() else {}
    if results.get("machine") != machine:
        results = {"machine": machine, "products": {}, "rows": []}
    for level in levels.levels():
        steps = [s for s in STEPS if re.search(args.only, " ".join((level.name, *s)))]
        if steps:
            results["products"][level.name] = products(args.sampan, level)
            print(level.name, {name: round(rate) for name, rate in results["products"][level.name].items()}, flush=True)
        for name, shape in steps:
            row = measure(args.sampan, level, name, shape, args.rounds)
            print(report.line(row), flush=True)
            results["rows"] = [r for r in results["rows"] if (r["level"], r["step"], r["shape"]) != (level.name, name, shape)] + [row]
            args.results.write_text(json.dumps(results, indent=1) + "\n")
    args.report.write_text(report.markdown(results, STEPS))


main()
