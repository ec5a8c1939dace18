"""Gradients by JAX or PyTorch, for functions written in them. Neither is imported before a function needs it."""

from __future__ import annotations

import dis
import os
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .evaluate import BadReturnError, as_floats, as_values, describe

_LIBRARIES = {"jax": "jax", "jaxlib": "jax", "torch": "torch"}


class Jax:
    """A function of JAX arrays, compiled, in float64.

    XLA compiles anew for each shape, so rows are padded to the next power of two (by the first point).
    """

    has_grad = True
    batch_dependent = True

    def __init__(self, label: str, func: Callable, pointwise: bool):
        import jax

        jax.config.update("jax_enable_x64", True)
        self._label = label
        batch = jax.vmap(func) if pointwise else func

        def value(x):
            y = batch(x)
            if not isinstance(y, jax.Array) or y.shape != x.shape[:1]:
                as_values(label, np.empty(y.shape) if hasattr(y, "shape") else y, len(x), pointwise)
            return y

        def value_and_grad(x):
            y, pull = jax.vjp(value, x)
            return y, pull(jax.numpy.ones_like(y))[0]

        self._value = jax.jit(value)
        self._value_and_grad = jax.jit(value_and_grad)

    def value(self, x: np.ndarray) -> np.ndarray:
        return as_values(self._label, self._value(_padded(x))[: len(x)], len(x), False)

    def value_and_grad(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y, grad = (np.asarray(a)[: len(x)] for a in self._value_and_grad(_padded(x)))
        return as_values(self._label, y, len(x), False), as_floats(self._label, grad, x.shape, "the gradient")


class Torch:
    """A function of PyTorch tensors, float64, on the CPU."""

    has_grad = True
    batch_dependent = True

    def __init__(self, label: str, func: Callable, pointwise: bool):
        import torch

        self._label, self._torch = label, torch
        self._batch = torch.vmap(func) if pointwise else func
        self._pointwise = pointwise

    def value(self, x: np.ndarray) -> np.ndarray:
        with self._torch.no_grad():
            return as_values(self._label, self._call(self._torch.tensor(x)), len(x), self._pointwise)

    def value_and_grad(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = self._torch.tensor(x, requires_grad=True)
        y = self._call(points)
        value = as_values(self._label, y.detach(), len(x), self._pointwise)
        if not y.requires_grad:  # constant, as a flat prior
            return value, np.zeros_like(x)
        (grad,) = self._torch.autograd.grad(y.sum(), points)
        return value, as_floats(self._label, grad, x.shape, "the gradient")

    def _call(self, points: Any) -> Any:
        y = self._batch(points)
        if not isinstance(y, self._torch.Tensor):
            raise BadReturnError(
                f"{self._label} returned {describe(y)}: a tensor of shape ({len(points)},) is accepted"
            )
        return y


def library(label: str, func: Callable) -> str | None:
    """Which of "jax" and "torch" a function uses: itself, or through the functions it calls in files of its folder."""
    found = _used(func, set())
    if len(found) > 1:
        raise TypeError(f"{label} uses both JAX and PyTorch: say autograd='jax' or 'torch', or give the gradient")
    return found.pop() if found else None


def _used(value: Any, seen: set[int]) -> set[str]:
    if id(value) in seen:
        return set()
    seen.add(id(value))
    if isinstance(value, ModuleType):
        return _named(value.__name__)
    found = set().union(*(_named(c.__module__) for c in type(value).__mro__), _named(getattr(value, "__module__", "")))
    func = value if isinstance(value, FunctionType) else getattr(value, "__func__", None)
    if found or func is None:
        return found
    loads, imports = _names(func.__code__)
    for name in imports:
        found |= _named(name)
    cells = (c.cell_contents for c in func.__closure__ or () if _filled(c))
    globals_ = (func.__globals__[name] for name in loads if name in func.__globals__)
    folder = os.path.dirname(func.__code__.co_filename)
    for other in (*cells, *globals_):
        if isinstance(other, FunctionType) and os.path.dirname(other.__code__.co_filename) != folder:
            found |= _named(other.__module__)
        else:
            found |= _used(other, seen)
    return found


def _named(module: str | None) -> set[str]:
    name = _LIBRARIES.get((module or "").partition(".")[0])
    return {name} if name else set()


def _names(code: CodeType) -> tuple[set[str], set[str]]:
    """The globals that a function's code loads, and the modules that it imports."""
    loads, imports = set(), set()
    for i in dis.get_instructions(code):
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            loads.add(i.argval)
        elif i.opname == "IMPORT_NAME":
            imports.add(i.argval)
    for nested in code.co_consts:
        if isinstance(nested, CodeType):
            more = _names(nested)
            loads, imports = loads | more[0], imports | more[1]
    return loads, imports


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name of the enclosing function that has no value yet
        return False


def _padded(x: np.ndarray) -> np.ndarray:
    rows = 1 << (len(x) - 1).bit_length()
    return x if rows == len(x) else np.concatenate([x, np.broadcast_to(x[:1], (rows - len(x), x.shape[1]))])
