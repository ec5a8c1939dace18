"""The results of compare.py in words."""

# What the project asks of itself: Sampan at least so many times as fast.
WANTED = {
    "jax": {"lv": 1.4, "logce": 1.25, "logfp": 1.25, "matching": 1.4, "spring": 2.0},
    "torch": {"lv": 2.5},
}
NAMES = {"jax": "JAX", "torch": "PyTorch"}

HEAD = """# Sampan's training steps beside JAX and PyTorch

Made by `make bench-peers`: the same steps in `sampan bench core` (one worker), in JAX (jit) and, for the log-variance step, in PyTorch
(eager, one thread), all pinned to one core. Milliseconds of processor time a step, compilation not counted. Of each peer the
fastest of its forms is shown; all forms that were tried are below. Sampan and its peers take turns; the ratio is the median over the
rounds, the range that of single rounds. What the steps are is said in `vec/peers/*_jax.py` and `host/bench/steps.go`.

{machine}
"""

LEVEL = """
## {level}

Matrix products, 10⁹ operations a second: {products}; Sampan's loop of multiply-adds in this instruction set: {peak:.0f}.

| step | shape | Sampan ms | of peak | peer | ms | ratio | range | wanted | its form |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

TRIED = """
### Forms that were tried, {level}

Medians of three steps, or one step of what is much slower than the best, before the rounds.

| step | shape | peer | forms, ms |
| --- | --- | --- | --- |
"""


def rivals(row):
    return [rival for rival in NAMES if rival in row]


def line(row):
    """One row for the terminal."""
    parts = [f"{row['level']} {row['step']} {row['shape']}: sampan {row['sampan']['ms']:.2f} ms"]
    for rival in rivals(row):
        r, wanted = row[rival], WANTED[rival][row["step"]]
        verdict = "" if r["ratio"] >= wanted else f", WANTED {wanted}"
        parts.append(f"{rival} {r['ms']:.2f} ({r['form']}): {r['ratio']:.2f}x [{r['range'][0]:.2f}-{r['range'][1]:.2f}]{verdict}")
    return "; ".join(parts) + f"; load {row['load'][0]:.1f}-{row['load'][1]:.1f}"


def ratios(row):
    own = row["sampan"]
    for rival in rivals(row):
        r, wanted = row[rival], WANTED[rival][row["step"]]
        fraction = "" if own["fraction"] is None else f"{own['fraction']:.2f}"
        low, high = r["range"]
        verdict = f"{wanted}" if r["ratio"] >= wanted else f"{wanted}, missed"
        yield (
            f"| {row['step']} | {row['shape']} | {own['ms']:.2f} | {fraction} | {NAMES[rival]} | {r['ms']:.2f} "
            f"| **{r['ratio']:.2f}** | {low:.2f}–{high:.2f} | {verdict} | {r['form']} |\n"
        )


def tried(row):
    for rival in rivals(row):
        forms = sorted(row[rival]["tried"].items(), key=lambda form: form[1])
        yield f"| {row['step']} | {row['shape']} | {NAMES[rival]} | {'; '.join(f'{name} {ms:.2f}' for name, ms in forms)} |\n"


def markdown(results, steps):
    """steps is the order of the rows."""
    machine, rows = results["machine"], results["rows"]
    loads = [load for row in rows for load in row["load"]]
    text = (
        f"{machine['cpu']}, one core. JAX {machine['jax']}, PyTorch {machine['torch']}, Python {machine['python']}. "
        f"Load average of the machine while measuring: {min(loads):.1f} to {max(loads):.1f}."
        if rows
        else "Nothing was measured."
    )
    out = [HEAD.format(machine=text)]
    for level in ("avx512", "avx2"):
        of_level = sorted((r for r in rows if r["level"] == level), key=lambda r: steps.index((r["step"], r["shape"])))
        if not of_level:
            continue
        rates = dict(results["products"][level])
        peak = rates.pop("sampan")
        words = ", ".join(f"{name.replace('jax', 'JAX').replace('torch', 'PyTorch')} {rate:.0f}" for name, rate in rates.items())
        out.append(LEVEL.format(level=level, products=words, peak=peak))
        out += [text for row in of_level for text in ratios(row)]
        missing = [" ".join(step) for step in steps if step not in [(r["step"], r["shape"]) for r in of_level]]
        if missing:
            out.append(f"\nNot measured: {'; '.join(missing)}.\n")
        out.append(TRIED.format(level=level))
        out += [text for row in of_level for text in tried(row)]
    return "".join(out)
