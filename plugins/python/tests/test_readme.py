"""The README's examples do what it says."""

import re
from pathlib import Path

import numpy as np

import sampan
from sampan.random import Draws

README = (Path(__file__).parents[1] / "README.md").read_text()
GUIDE = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text()


def example(mark, text=README):
    """Run a page's code that holds the mark; the names it made."""
    (code,) = (c for c in re.findall(r"```python\n(.*?)```", text, re.S) if mark in c)
    names = {"np": np, "sampan": sampan, "DATA": np.array([0.5, 1.0, 3.0])}
    exec(code, names)
    return names


def differences(f, x, h=1e-6):
    return np.stack([(f(x + s) - f(x - s)) / (2 * h) for s in h * np.eye(x.shape[1])], axis=1)


def test_ten_lines():
    banana, x = example("# banana.py")["banana"], np.array([[1.0, 2.0], [-3.0, 0.5]])
    assert np.allclose(banana.score(x), differences(banana.log_density, x), atol=1e-7)


def test_prior_and_likelihood():
    model, x = example("@model.prior")["model"], np.array([[1.0], [-3.0]])
    assert np.allclose(model.score(x), differences(model.log_density, x), atol=1e-6)
    assert model.has_prior_sample and model.prior_term.draws(Draws(1, 0, 4), 1).shape == (4, 1)


def test_transport():
    """E[w] within 4.5 standard errors of Z: false alarm 7e-6."""

    @sampan.target(dim=2, with_grad=True)
    def bowl(x):
        return -0.5 * (x**2).sum(axis=1), -x

    w = np.exp(example("# bridge.py")["Bridge"](bowl).log_weights(10_000))
    assert abs(w.mean() - 2 * np.pi) < 4.5 * w.std() / 100 and w.mean() ** 2 / (w**2).mean() > 0.5


def test_transport_of_the_guide():
    """A map onto the target has equal weights."""
    log_w = example("# scale.py", GUIDE)["Scale"](sampan.normal(np.zeros(3), 1.0)).log_weights(100)
    assert np.abs(log_w).max() < 1e-12


def test_exact_draws_have_the_moments_stated():
    """Means within 6 standard errors (false alarm 4e-9), deviations within 3 %; the seed is fixed."""
    banana = example("# exact draws of the target")["banana"]
    n = 200_000
    x = banana.draws(Draws(1, 0, n), 2)
    mean, sd = banana.facts.known["mean"], banana.facts.known["sd"]
    assert (np.abs(x.mean(axis=0) - mean) < 6 * sd / np.sqrt(n)).all()
    assert np.allclose(x.std(axis=0), sd, rtol=0.03)
