"""Targets as Python objects: what is declared, what is evaluated, what is refused."""

import numpy as np
import pytest

import sampan
from sampan.evaluate import GRAD_BAD, NUMERICAL, OK, OUT_OF_SUPPORT, BadReturnError
from sampan.random import Draws

X = np.random.default_rng(1).normal(size=(5, 2))


@sampan.target(dim=2)
def banana(x):
    return -0.5 * (x[:, 0] / 10) ** 2 - 0.5 * (x[:, 1] + 0.03 * x[:, 0] ** 2 - 3) ** 2


@banana.grad
def _(x):
    r = x[:, 1] + 0.03 * x[:, 0] ** 2 - 3
    return np.stack([-x[:, 0] / 100 - 0.06 * x[:, 0] * r, -r], axis=1)


def differences(f, x, h=1e-6):
    """Central differences of f at the rows of x."""
    steps = h * np.eye(x.shape[1])
    return np.stack([(f(x + s) - f(x - s)) / (2 * h) for s in steps], axis=1)


def test_a_target_is_its_function_and_more():
    assert np.array_equal(banana(X), banana.log_density(X))
    assert np.allclose(banana.score(X), differences(banana, X), atol=1e-7)
    assert banana.log_density(X[0]).shape == (1,)
    assert (banana.name, banana.dim, banana.has_grad, banana.has_sample) == ("banana", 2, True, False)


def test_pointwise_is_the_batch_row_by_row():
    @sampan.target(dim=2, pointwise=True)
    def one(x):
        assert x.shape == (2,)
        return -0.5 * (x**2).sum()

    one.grad(lambda x: -x)
    assert np.allclose(one.log_density(X), -0.5 * (X**2).sum(axis=1))
    assert np.array_equal(one.score(X), -X)
    assert not one.evaluator.batch_dependent


@pytest.mark.parametrize("pointwise", [False, True])
def test_value_and_gradient_from_one_function(pointwise):
    @sampan.target(dim=2, with_grad=True, pointwise=pointwise)
    def normal(x):
        return -0.5 * (x**2).sum(axis=-1), -x

    assert np.allclose(normal.log_density(X), -0.5 * (X**2).sum(axis=1))
    assert np.array_equal(normal.score(X), -X)


def test_statuses():
    @sampan.target(dim=1)
    def wild(x):
        return np.array([0.0, -np.inf, np.nan, np.inf, -1.0])

    wild.grad(lambda x: np.array([[0.0], [np.nan], [0.0], [0.0], [np.inf]]))
    answer = wild.evaluate(np.zeros((5, 1)), True)
    assert answer.status.tolist() == [OK, OUT_OF_SUPPORT, NUMERICAL, NUMERICAL, GRAD_BAD]
    assert wild.evaluate(np.zeros((5, 1)), False).status.tolist() == [OK, OUT_OF_SUPPORT, NUMERICAL, NUMERICAL, OK]
    assert banana.evaluate(X, True).status is None
    huge = sampan.target(dim=1)(lambda x: np.full(len(x), 1e308))
    assert huge.evaluate(np.zeros((9, 1)), False).status.tolist() == [OK] * 9


def likelihood_and_prior():
    @sampan.likelihood(params={"mu": (), "sigma": sampan.positive()}, prior_normalised=True)
    def model(x):
        mu, sigma = x.T
        return -0.5 * ((1.5 - mu) / sigma) ** 2 - np.log(sigma)

    @model.grad
    def _(x):
        mu, sigma = x.T
        z = (1.5 - mu) / sigma
        return np.stack([z / sigma, z**2 / sigma - 1 / sigma], axis=1)

    @model.prior
    def prior(x):
        mu, sigma = x.T
        return np.where(mu < 9, -0.5 * mu**2 - 0.5 * np.log(2 * np.pi) - sigma, -np.inf)

    @prior.grad
    def _(x):
        return np.stack([-x[:, 0], -np.ones(len(x))], axis=1)

    @prior.sample
    def _(draws):
        return model.pack(mu=draws.standard_normal(), sigma=draws.standard_exponential())

    return model


def test_likelihood_and_prior_apart():
    model = likelihood_and_prior()
    x = np.abs(X)
    answer = model.evaluate(x, True)
    assert np.array_equal(answer.logp, answer.log_prior + answer.log_lik)
    assert np.array_equal(answer.grad, answer.grad_prior + answer.grad_lik)
    assert np.allclose(answer.grad, differences(model.log_density, x), atol=1e-6)
    assert model.has_prior_sample and not model.has_sample
    draws = model.prior_term.draws(Draws(1, 0, 50), 2)
    assert draws.shape == (50, 2) and (draws[:, 1] > 0).all()


def test_no_prior_no_density():
    """Where the prior is zero the density is, whatever the likelihood makes of the point."""
    model = likelihood_and_prior()
    with np.errstate(all="ignore"):
        answer = model.evaluate(np.array([[10.0, 0.0], [10.0, np.inf]]), False)
    assert answer.logp.tolist() == [-np.inf, -np.inf]
    assert answer.status.tolist() == [OUT_OF_SUPPORT, OUT_OF_SUPPORT]
    assert not np.isnan(answer.log_lik).any()


def test_unpack_and_pack():
    t = sampan.target(params={"mu": (), "sigma": sampan.positive(), "beta": (2, 3)})(lambda x: x[:, 0])
    x = np.arange(16.0).reshape(2, 8)
    p = t.unpack(x)
    assert p.mu.shape == (2,) and p.sigma.tolist() == [1, 9] and p.beta[1].tolist() == [[10, 11, 12], [13, 14, 15]]
    assert t.unpack(x[0]).beta.shape == (2, 3)
    assert np.array_equal(t.pack(beta=p.beta, mu=p.mu, sigma=p.sigma), x)
    with pytest.raises(ValueError, match=r"block mu has shape \(2, 1\): accepted \(2,\)"):
        t.pack(beta=p.beta, mu=x[:, :1], sigma=p.sigma)
    with pytest.raises(ValueError, match="accepted mu, sigma, beta"):
        t.pack(mu=p.mu)


def test_outputs():
    for pointwise in (False, True):
        t = sampan.target(dim=2, pointwise=pointwise)(lambda x: x[..., 0])

        @t.outputs(total=(), both=(2,))
        def _(x):
            return {"both": 2 * x, "total": x.sum(axis=-1)}

        assert np.allclose(t.derive(X), np.column_stack([X.sum(axis=1), 2 * X]))
        assert t.derive(X[:0]).shape == (0, 3)
    t.outputs(total=())(lambda x: {"totl": 0.0})
    with pytest.raises(ValueError, match="a dict of totl: accepted is a dict of total"):
        t.derive(X)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is its return missing"),
        (np.zeros((5, 1)), r"shape \(5, 1\): accepted is an array of shape \(5,\), one number a point"),
        (0.0, "pointwise=True"),
        ((np.zeros(5), X), "with_grad=True allows"),
        (np.zeros(5, complex), "complex"),
        (np.array(["a"] * 5), "not an array of numbers"),
        ("text", "not an array of numbers"),
    ],
)
def test_wrong_returns_are_named(value, message):
    def wrong(x):
        return value

    with pytest.raises(BadReturnError, match="^wrong returned.*" + message):
        sampan.target(dim=2)(wrong).log_density(X)


def test_wrong_gradients_are_named():
    t = sampan.target(dim=2)(lambda x: x[:, 0])
    t.name = "t"
    t.grad(lambda x: x[:, 0])
    with pytest.raises(BadReturnError, match=r"^t\.grad returned .*shape \(5,\): accepted is .*\(5, 2\)"):
        t.score(X)
    both = sampan.target(dim=2, with_grad=True)(lambda x: x[:, 0])
    with pytest.raises(BadReturnError, match="a tuple of value and gradient"):
        both.score(X)


def test_points_are_not_to_be_changed():
    def careless(x):
        x -= 1
        return x[:, 0]

    with pytest.raises(ValueError, match="read-only"):
        sampan.target(dim=2)(careless).log_density(X)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: sampan.target(), "give dim"),
        (lambda: sampan.target(dim=2, params={"a": ()}), "one of the two"),
        (lambda: sampan.target(dim=0), "at least 1"),
        (lambda: sampan.target(params={"a b": ()}), "identifier"),
        (lambda: sampan.target(params={"a": (1.5,)}), "whole numbers"),
        (lambda: sampan.target(dim=1, autograd="jx")(len), "'auto', 'jax', 'torch' and None"),
        (lambda: sampan.target(dim=1, known={"logz": 1}), "accepted are log_z"),
        (lambda: sampan.target(dim=2, known={"mean": [1]}), r"shape \(2,\)"),
        (lambda: sampan.target(dim=1)(3), "a function is accepted"),
        (lambda: banana.prior(len), "use sampan.likelihood"),
        (lambda: sampan.likelihood(dim=1)(len).has_grad, "a likelihood without a prior"),
    ],
)
def test_wrong_declarations_are_refused(declare, message):
    with pytest.raises((TypeError, ValueError, BadReturnError), match=message):
        declare()
