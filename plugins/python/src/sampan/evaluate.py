"""From a user's functions to the arrays of an evaluation: shapes checked, one status a point."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

OK, OUT_OF_SUPPORT, NUMERICAL, GRAD_BAD = range(4)  # statuses, as in the protocol


class BadReturnError(Exception):
    """A user's function returned something else than it should. The message says it all; no traceback is needed."""


class Evaluator(Protocol):
    """One function of points, and its gradient where ``has_grad``. x has shape (n, d), n at least 1."""

    has_grad: bool
    batch_dependent: bool  # a row's last bits may depend on the batch it is in

    def value(self, x: np.ndarray) -> np.ndarray:
        """Values, of shape (n,)."""

    def value_and_grad(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values, of shape (n,), and gradients, of shape (n, d)."""


class Plain:
    """A function of numpy arrays whose gradient is given apart, or returned with the value, or not there."""

    def __init__(self, label: str, func: Callable, grad: Callable | None, pointwise: bool, with_grad: bool):
        self._label, self._func, self._grad = label, func, grad
        self._pointwise, self._with_grad = pointwise, with_grad
        self.has_grad = with_grad or grad is not None
        self.batch_dependent = not pointwise

    def value(self, x: np.ndarray) -> np.ndarray:
        return self._values_and_rest(x)[0]

    def value_and_grad(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, grad = self._values_and_rest(x)
        if self._grad is None:
            return value, as_floats(self._label, grad, x.shape, "the gradient, as the points")
        grad = [self._grad(row) for row in x] if self._pointwise else self._grad(x)
        return value, as_floats(self._label + ".grad", grad, x.shape, "as the points")

    def _values_and_rest(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """Values, and what came with them: gradients, with with_grad."""
        out = [self._func(row) for row in x] if self._pointwise else self._func(x)
        rest = None
        if self._with_grad:
            for pair in out if self._pointwise else [out]:
                if not isinstance(pair, tuple) or len(pair) != 2:
                    raise BadReturnError(
                        f"{self._label} returned {describe(pair)}: with_grad=True accepts a tuple of value and gradient"
                    )
            out, rest = map(list, zip(*out)) if self._pointwise else out
        return as_values(self._label, out, len(x), self._pointwise), rest


def as_values(label: str, value: Any, n: int, pointwise: bool) -> np.ndarray:
    """The value of n points as float64 of shape (n,), or BadReturnError."""
    hint = "one number a point"
    if not pointwise and (isinstance(value, float) or getattr(value, "shape", None) == ()):
        hint += " (or say pointwise=True, if the function takes one point at a time)"
    return as_floats(label, value, (n,), hint)


def as_floats(label: str, value: Any, shape: tuple[int, ...], meaning: str) -> np.ndarray:
    """What a user's function returned as float64 of the shape it should have, or BadReturnError."""
    if type(value) is np.ndarray and value.dtype == np.float64 and value.shape == shape:
        return value
    want = f"accepted is an array of shape {shape}, {meaning}"
    if value is None:
        raise BadReturnError(f"{label} returned None, is its return missing? {want}")
    if isinstance(value, tuple):
        raise BadReturnError(f"{label} returned {describe(value)}: {want} (with_grad=True allows (value, gradient))")
    try:
        array = np.asarray(value)
        if np.iscomplexobj(array):
            raise TypeError("it holds complex numbers")
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, RuntimeError) as e:
        raise BadReturnError(f"{label} returned {describe(value)}, not an array of numbers ({e}): {want}") from None
    if array.shape != shape:
        raise BadReturnError(f"{label} returned an array of shape {array.shape}: {want}")
    return array


def describe(value: Any) -> str:
    """What a value is, for a message."""
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of shape {tuple(shape)}")


@dataclass
class Answer:
    """An evaluation of n points: arrays of shape (n,) and (n, d), None where not asked for."""

    status: np.ndarray | None  # uint8, (n,); None where all points are fine
    logp: np.ndarray
    grad: np.ndarray | None = None
    log_prior: np.ndarray | None = None
    log_lik: np.ndarray | None = None
    grad_prior: np.ndarray | None = None
    grad_lik: np.ndarray | None = None


def evaluate(density: Evaluator, prior: Evaluator | None, x: np.ndarray, want_grad: bool) -> Answer:
    """The log density at points x of shape (n, d), and its gradient where wanted. With a prior, ``density`` is the
    likelihood, and the answer holds both and their sum.
    """
    n, d = x.shape
    if n == 0:
        none, no_grad = np.empty(0), np.empty((0, d)) if want_grad else None
        apart = (none, none, no_grad, no_grad) if prior else (None,) * 4
        return Answer(None, none, no_grad, *apart)
    if prior is None:
        logp, grad = _call(density, x, want_grad)
        return Answer(_status(logp, grad), logp, grad)
    log_prior, grad_prior = _call(prior, x, want_grad)
    log_lik, grad_lik = _call(density, x, want_grad)
    # Where the prior is zero so is the density, though the likelihood need not be defined there.
    log_lik = np.where(np.isneginf(log_prior) & ~(log_lik < np.inf), -np.inf, log_lik)
    with np.errstate(invalid="ignore"):
        logp = log_prior + log_lik
        grad = None if grad_prior is None or grad_lik is None else grad_prior + grad_lik
    return Answer(_status(logp, grad), logp, grad, log_prior, log_lik, grad_prior, grad_lik)


def _call(f: Evaluator, x: np.ndarray, want_grad: bool) -> tuple[np.ndarray, np.ndarray | None]:
    # Samplers ask far out in the tails, where overflow is nothing to warn of: what is not finite gets a status.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return f.value_and_grad(x) if want_grad else (f.value(x), None)


def _status(logp: np.ndarray, grad: np.ndarray | None) -> np.ndarray | None:
    with np.errstate(over="ignore", invalid="ignore"):
        total = logp.sum() if grad is None else logp.sum() + grad.sum()
    if math.isfinite(total):  # so every term is: the common case, told quickly
        return None
    status = np.zeros(len(logp), np.uint8)
    if grad is not None:
        status[~np.isfinite(grad).all(axis=1)] = GRAD_BAD
    status[np.isneginf(logp)] = OUT_OF_SUPPORT
    status[np.isnan(logp) | np.isposinf(logp)] = NUMERICAL
    return status
