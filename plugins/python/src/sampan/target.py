"""Targets: log densities declared by decorating functions.

A *term* is a function of points, with its gradient and its draws where it has them. A target is a term whose function
is the log density; or, made by ``likelihood``, the log likelihood, beside a second term that is the log prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import autograd as _autograd
from .evaluate import Answer, Evaluator, Plain, as_floats, evaluate
from .params import Param, Params, Shape, make_params
from .random import Draws


@dataclass(frozen=True)
class _Options:
    """How the functions of a target are to be called; they hold for its prior's too."""

    pointwise: bool
    with_grad: bool
    autograd: str | None


@dataclass(frozen=True)
class _Facts:
    """What is true of a target as a whole."""

    known: dict[str, Any]
    max_rows: int
    apart: bool = False  # the function is the log likelihood, and the log prior stands beside it
    normalised: bool = False
    prior_normalised: bool = False


class Term:
    """A function of points x of shape (n, d), returning (n,); called, it is that function."""

    def __init__(self, func: Callable, name: str, options: _Options):
        if not callable(func):
            raise TypeError(f"{name}: a function is accepted, found {func!r}")
        if options.autograd not in ("auto", "jax", "torch", None):
            raise ValueError(f"{name}: autograd={options.autograd!r}: accepted are 'auto', 'jax', 'torch' and None")
        self.name = name
        self.__doc__ = getattr(func, "__doc__", None)
        self._func, self._options = func, options
        self._grad: Callable | None = None
        self._sample: Callable | None = None
        self._evaluator: Evaluator | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._func(*args, **kwargs)

    def grad(self, func: Callable) -> Callable:
        """Decorator: the function's gradient, x of shape (n, d) to (n, d)."""
        self._grad, self._evaluator = func, None
        return func

    def sample(self, func: Callable) -> Callable:
        """Decorator: exact draws of the distribution with this log density, a ``sampan.random.Draws`` of n slots to
        (n, d). Row i must be computed from row i of what the Draws returned, and from nothing else random.
        """
        self._sample = func
        return func

    @property
    def evaluator(self) -> Evaluator:
        """What evaluates the term, made when first needed."""
        if self._evaluator is None:
            self._evaluator = self._make_evaluator()
        return self._evaluator

    def _make_evaluator(self) -> Evaluator:
        o = self._options
        given = o.with_grad or self._grad is not None
        library = o.autograd
        if library == "auto":
            library = None if given else _autograd.library(self.name, self._func)
        elif library and given:
            raise TypeError(f"{self.name}: the gradient is given, and autograd={library!r} asks for another")
        if library == "jax":
            return _autograd.Jax(self.name, self._func, o.pointwise)
        if library == "torch":
            return _autograd.Torch(self.name, self._func, o.pointwise)
        return Plain(self.name, self._func, self._grad, o.pointwise, o.with_grad)

    def draws(self, draws: Draws, dim: int) -> np.ndarray:
        """Exact draws of shape (n, dim)."""
        if self._sample is None:
            raise ValueError(f"{self.name} has no draws: declare them by @{self.name}.sample")
        label = self.name + ".sample"
        return as_floats(label, self._sample(draws), (draws.n, dim), "one point a slot")


class Target(Term):
    """A log density that Sampan can draw from. Made by ``target`` or ``likelihood``."""

    def __init__(self, func: Callable, name: str, params: Params, options: _Options, facts: _Facts):
        super().__init__(func, name, options)
        self.params, self.facts = params, facts
        self.prior_term: Term | None = None
        self.output_params = Params({})
        self._outputs: Callable | None = None

    @property
    def dim(self) -> int:
        """Number of coordinates of a point."""
        return self.params.dim

    def prior(self, func: Callable) -> Term:
        """Decorator, for targets made by ``likelihood``: the log prior, x of shape (n, d) to (n,). What it returns has
        ``grad`` and ``sample`` in turn.
        """
        if not self.facts.apart:
            raise TypeError(f"{self.name} is a whole density: use sampan.likelihood for a prior and a likelihood apart")
        self.prior_term = Term(func, self.name + ".prior", self._options)
        return self.prior_term

    def outputs(self, **shapes: Param | Shape) -> Callable[[Callable], Callable]:
        """Decorator with the names and shapes of derived quantities, computed once for each draw that is kept: a
        function of x of shape (n, d) to a dict of arrays (n, *shape).
        """

        def declare(func: Callable) -> Callable:
            self._outputs, self.output_params = func, Params(shapes)
            return func

        return declare

    def unpack(self, x: Any) -> SimpleNamespace:
        """Points cut into their named parameters: (n, d) to ``p.name`` of shape (n, *shape), (d,) to (*shape)."""
        return self.params.unpack(x)

    def pack(self, **blocks: Any) -> np.ndarray:
        """Named parameters of shape (n, *shape) joined to points of shape (n, d)."""
        return self.params.pack(blocks)

    @property
    def has_grad(self) -> bool:
        """Whether the gradient of the log density is known."""
        return all(term.evaluator.has_grad for term in self.terms())

    @property
    def has_sample(self) -> bool:
        """Whether exact draws are known."""
        return self._sample is not None

    @property
    def has_prior_sample(self) -> bool:
        """Whether draws of a prior that is normalised are known."""
        return self.prior_term is not None and self.prior_term._sample is not None and self.facts.prior_normalised

    def terms(self) -> tuple[Term, ...]:
        """The target's terms: the density, or likelihood and prior."""
        if not self.facts.apart:
            return (self,)
        if self.prior_term is None:
            raise TypeError(f"{self.name} is a likelihood without a prior: declare one by @{self.name}.prior")
        return (self, self.prior_term)

    def evaluate(self, x: np.ndarray, want_grad: bool) -> Answer:
        """The log density, its terms and its gradient at x of shape (n, d)."""
        density, *prior = (term.evaluator for term in self.terms())
        return evaluate(density, prior[0] if prior else None, x, want_grad)

    def log_density(self, x: Any) -> np.ndarray:
        """The log density as Sampan sees it, x of shape (n, d) to (n,): for trying a target out."""
        return self.evaluate(self._points(x), False).logp

    def score(self, x: Any) -> np.ndarray:
        """The gradient of the log density as Sampan sees it, x of shape (n, d) to (n, d)."""
        if not self.has_grad:
            raise ValueError(f"{self.name} has no gradient: declare one by @{self.name}.grad")
        grad = self.evaluate(self._points(x), True).grad
        assert grad is not None
        return grad

    def eval(self, x: Any, grad: bool = False) -> Any:
        """Log densities and, with ``grad``, a tuple of them and the gradients: as a transport asks for them."""
        if grad and not self.has_grad:
            raise ValueError(f"{self.name} has no gradient: declare one by @{self.name}.grad")
        answer = self.evaluate(self._points(x), grad)
        return (answer.logp, answer.grad) if grad else answer.logp

    def derive(self, x: np.ndarray) -> np.ndarray:
        """The outputs at x of shape (n, d), joined to an array (n, sum of their sizes)."""
        label, n = self.name + ".outputs", len(x)
        names = self.output_params.blocks
        if self._outputs is None:
            raise ValueError(f"{self.name} has no outputs: declare them by @{self.name}.outputs(NAME=shape)")
        if n == 0:
            return np.empty((0, self.output_params.dim))
        points = list(x) if self._options.pointwise else [x]
        results = [self._outputs(p) for p in points]
        for r in results:
            if not isinstance(r, Mapping) or r.keys() != names.keys():
                found = f"a dict of {', '.join(r) or 'nothing'}" if isinstance(r, Mapping) else repr(type(r).__name__)
                raise ValueError(f"{label} returned {found}: accepted is a dict of {', '.join(names)}")
        blocks = {}
        for name, p in names.items():
            block = [r[name] for r in results] if self._options.pointwise else results[0][name]
            blocks[name] = as_floats(f"{label}: {name}", block, (n, *p.shape), "one row a point")
        return self.output_params.pack(blocks)

    def _points(self, x: Any) -> np.ndarray:
        points = np.array(x, np.float64, ndmin=2)
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise ValueError(f"points of shape {points.shape}: accepted (n, {self.dim})")
        points.flags.writeable = False
        return points


def target(
    *,
    dim: int | None = None,
    params: Mapping[str, Param | Shape] | None = None,
    pointwise: bool = False,
    with_grad: bool = False,
    autograd: str | None = "auto",
    normalised: bool = False,
    known: Mapping[str, Any] | None = None,
    max_rows: int = 0,
) -> Callable[[Callable], Target]:
    """Decorator: a function of points x of shape (n, d), returning log densities of shape (n,), becomes a target.

    The log density is a natural log and may lack a constant; -inf is outside of the support.

    dim         the number of coordinates d; or else
    params      names of parameters and their shapes, () a scalar, ``sampan.positive(shape)`` one above zero
    pointwise   the functions take one point at a time: x of shape (d,) to a number (and to a gradient of shape (d,))
    with_grad   the function returns (log density, gradient)
    autograd    "jax" or "torch" has that library derive the gradient; "auto" does so where no gradient is given and
                the function uses one of them; None does not
    normalised  the density integrates to one
    known       what is known exactly: log_z, log_z_err, mean and sd (of each coordinate), source
    max_rows    points a call at most, 0 for no limit
    """
    options = _Options(pointwise, with_grad, autograd)
    return _declare(make_params(dim, params), options, known, max_rows=max_rows, normalised=normalised)


def likelihood(
    *,
    dim: int | None = None,
    params: Mapping[str, Param | Shape] | None = None,
    pointwise: bool = False,
    with_grad: bool = False,
    autograd: str | None = "auto",
    prior_normalised: bool = False,
    known: Mapping[str, Any] | None = None,
    max_rows: int = 0,
) -> Callable[[Callable], Target]:
    """Decorator: a log likelihood becomes a target, beside a log prior declared by its ``prior`` decorator.

    With the two apart Sampan can go from the prior to the posterior. The arguments are those of ``target``; they
    hold for the prior's function too. ``prior_normalised`` says that exp(log prior) integrates to one: with that, and
    the prior's draws, Sampan starts from the prior, and log Z is the log evidence.
    """
    options = _Options(pointwise, with_grad, autograd)
    space = make_params(dim, params)
    return _declare(space, options, known, max_rows=max_rows, apart=True, prior_normalised=prior_normalised)


def _declare(
    params: Params, options: _Options, known: Mapping[str, Any] | None, **facts: Any
) -> Callable[[Callable], Target]:
    made = _Facts(known=_known(known, params.dim), **facts)

    def declare(func: Callable) -> Target:
        return Target(func, getattr(func, "__name__", type(func).__name__), params, options, made)

    return declare


def _known(known: Mapping[str, Any] | None, dim: int) -> dict[str, Any]:
    """Known values as floats, a string and arrays of shape (dim,)."""
    made: dict[str, Any] = {}
    for name, value in (known or {}).items():
        if name in ("mean", "sd"):
            made[name] = as_floats(f"known: {name}", value, (dim,), "one number a coordinate")
        elif name in ("log_z", "log_z_err"):
            made[name] = float(value)
        elif name == "source":
            made[name] = str(value)
        else:
            raise ValueError(f"known: {name!r}: accepted are log_z, log_z_err, mean, sd and source")
    return made
