"""Gradients by JAX and PyTorch, against a gradient worked out by hand. Each test skips where its library is missing."""

import sys
import types

import host
import numpy as np
import pytest
from host import GRAD, LOGP, Host, floats

import sampan
from sampan.autograd import library
from sampan.evaluate import GRAD_BAD, OK, OUT_OF_SUPPORT, BadReturnError

X = np.random.default_rng(1).normal(size=(5, 2))


def by_hand(x):
    r = x[:, 1] + 0.03 * x[:, 0] ** 2 - 3
    return np.stack([-x[:, 0] / 100 - 0.06 * x[:, 0] * r, -r], axis=1)


def test_a_numpy_function_uses_neither():
    assert library("f", lambda x: np.sum(x, axis=1)) is None
    assert library("f", sampan.target(dim=1)(len)) is None


def test_the_library_is_seen_through_functions_imports_and_closures(tmp_path, monkeypatch):
    """Two modules of these names stand in for the libraries: nothing of theirs is called."""
    for name in ("jax", "torch"):
        module = types.ModuleType(name)
        exec("def exp(x): return x", vars(module))
        monkeypatch.setitem(sys.modules, name, module)
    source = """
        import numpy as np
        import jax as J
        from torch import exp

        def helper(x): return exp(x)
        def direct(x): return J.exp(x)
        def through(x): return helper(x)
        def nested(x): return [J.exp(y) for y in x]
        def local(x):
            import jax.numpy as jnp
            return jnp.exp(x)
        def closed():
            f = J.exp
            return lambda x: f(x)
        def neither(x): return np.exp(x)
        def both(x): return J.exp(helper(x))
        def recursive(x): return recursive(x - 1) if x else neither(x)
    """
    file = host.write(tmp_path, source, "model.py")
    names = {"__name__": "model", "__file__": str(file)}
    exec(compile(file.read_text(), file, "exec"), names)
    found = {n: library(n, names[n]) for n in ("direct", "through", "nested", "local", "neither", "recursive")}
    assert found == {
        "direct": "jax",
        "through": "torch",
        "nested": "jax",
        "local": "jax",
        "neither": None,
        "recursive": None,
    }
    assert library("closed", names["closed"]()) == "jax"
    with pytest.raises(TypeError, match="uses both JAX and PyTorch"):
        library("both", names["both"])
    assert not sampan.target(dim=1, autograd=None)(names["direct"]).has_grad
    given = sampan.target(dim=1, autograd="jax")(names["direct"])
    given.grad(len)
    with pytest.raises(TypeError, match="the gradient is given"):
        given.has_grad  # noqa: B018


def density(np_or_like):
    """The banana in any of the libraries, for points (n, 2) or (2,)."""

    def banana(x):
        return -0.5 * (x[..., 0] / 10) ** 2 - 0.5 * (x[..., 1] + 0.03 * np_or_like.square(x[..., 0]) - 3) ** 2

    return banana


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "torch"])
@pytest.mark.parametrize("pointwise", [False, True])
@pytest.mark.parametrize("autograd", ["auto", "named"])
def test_the_gradient_is_that_by_hand(name, pointwise, autograd):
    xp = pytest.importorskip("jax.numpy" if name == "jax" else "torch")
    t = sampan.target(dim=2, pointwise=pointwise, autograd=name if autograd == "named" else autograd)(density(xp))
    assert t.has_grad
    assert np.allclose(t.score(X), by_hand(X), rtol=1e-13, atol=1e-13)  # float64, not float32
    assert np.allclose(t.log_density(X), density(np)(X), rtol=1e-14)
    assert np.array_equal(t.log_density(X), t.evaluate(X, True).logp) or name == "jax"


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_statuses(name):
    xp = pytest.importorskip("jax.numpy" if name == "jax" else "torch")

    def f(x):
        bad = xp.sqrt(x[:, 0] * 0) * x[:, 1]  # a value of 0, and a gradient of 0 · ∞ where x[:, 1] is not 0
        return xp.where(x[:, 0] < 0, x[:, 0] * 0 - np.inf, -(x[:, 0] ** 2)) + bad

    answer = sampan.target(dim=2, autograd=name)(f).evaluate(np.array([[1.0, 1.0], [-1.0, 0.0]]), True)
    assert answer.status.tolist() == [GRAD_BAD, OUT_OF_SUPPORT]
    smooth = sampan.target(dim=2, autograd=name)(lambda x: xp.where(x[:, 0] < 0, -np.inf, -(x[:, 0] ** 2)))
    answer = smooth.evaluate(np.array([[1.0, 1.0], [-1.0, 0.0]]), True)
    assert answer.status.tolist() == [OK, OUT_OF_SUPPORT] and answer.grad[0].tolist() == [-2, 0]


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_wrong_returns_are_named(name):
    pytest.importorskip(name)
    for wrong, message in [
        (lambda x: x, r"shape \(\d, 2\)"),
        (lambda x: x.sum(), "pointwise=True"),
        (lambda x: 0.0, "one number a point|a tensor of shape"),
        (lambda x: (x[:, 0], x), "a tuple of 2"),
        (lambda x: None, "None"),
    ]:
        for call in ("log_density", "score"):
            with pytest.raises(BadReturnError, match=message):
                getattr(sampan.target(dim=2, autograd=name)(wrong), call)(X)


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_flat_prior_has_a_gradient_of_zero(name):
    xp = pytest.importorskip("jax.numpy" if name == "jax" else "torch")
    model = sampan.likelihood(dim=2, autograd=name)(density(xp))
    model.prior(lambda x: xp.zeros(len(x)))
    answer = model.evaluate(X, True)
    assert (answer.grad_prior == 0).all() and np.allclose(answer.grad, by_hand(X))


@pytest.mark.long
def test_jax_compiles_once_for_each_power_of_two():
    pytest.importorskip("jax")
    traced = []

    def f(x):
        traced.append(x.shape[0])
        return -(x**2).sum(axis=1)

    t = sampan.target(dim=2, autograd="jax")(f)
    whole = np.random.default_rng(2).normal(size=(40, 2))
    values = [t.log_density(whole[:n]) for n in range(1, 41)]
    assert sorted(traced) == [1, 2, 4, 8, 16, 32, 64]
    assert all(np.allclose(v, values[-1][: len(v)], rtol=1e-14) for v in values)


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_on_the_wire(name, tmp_path):
    """With constants made at import: JAX must be in float64 before."""
    pytest.importorskip(name)
    like, dtype = ("import jax.numpy as xp", "") if name == "jax" else ("import torch as xp", ", dtype=xp.float64")
    file = host.write(
        tmp_path,
        f"""
        {like}
        import sampan

        MU = {"xp.asarray" if name == "jax" else "xp.tensor"}([0.1, 0.2, 0.3]{dtype})

        @sampan.target(dim=3, pointwise=True)
        def t(x):
            return -0.5 * ((x - MU) ** 2).sum()
        """,
    )
    x = np.random.default_rng(3).normal(size=(6, 3))
    with Host(file) as h:
        handle = h.handle("t")
        reply = h.eval(handle, x, LOGP | GRAD)
        assert not reply.HasField("error"), reply.error
        assert np.allclose(floats(reply.grad, 6, 3), np.array([0.1, 0.2, 0.3]) - x, rtol=1e-14, atol=1e-15)
        assert np.allclose(floats(reply.logp), -0.5 * ((x - [0.1, 0.2, 0.3]) ** 2).sum(axis=1), rtol=1e-14)
        assert h.eval(handle, x, LOGP | GRAD).grad == reply.grad
