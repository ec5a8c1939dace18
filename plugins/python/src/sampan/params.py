"""Parameters: named blocks of consecutive coordinates of a point, each with a shape and a support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Union

import numpy as np

Shape = Union[int, tuple[int, ...]]


@dataclass(frozen=True)
class Param:
    """The shape and the support of one parameter; its name is its key in ``params``."""

    shape: tuple[int, ...] = ()
    support: str = "real"

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return int(np.prod(self.shape, dtype=np.int64))


def real(shape: Shape = ()) -> Param:
    """A parameter on the whole real line; in ``params`` a bare shape says the same."""
    return Param(_shape(shape), "real")


def positive(shape: Shape = ()) -> Param:
    """A parameter above zero. Sampan samples its logarithm and takes care of the Jacobian."""
    return Param(_shape(shape), "positive")


class Params:
    """The blocks of a point, in order: what ``dim`` or ``params`` of a target declare."""

    def __init__(self, spec: Mapping[str, Param | Shape]):
        self.blocks = {name: p if isinstance(p, Param) else real(p) for name, p in spec.items()}
        for name in self.blocks:
            if not isinstance(name, str) or not name.isidentifier():
                raise ValueError(f"parameter name {name!r}: a Python identifier is accepted")
        self.dim = sum(p.size for p in self.blocks.values())

    def unpack(self, x: Any) -> SimpleNamespace:
        """Cut points into named blocks: from x of shape (n, d), or (d,), to ``p.name`` of shape (n, *shape), or
        (*shape). Takes numpy, JAX and PyTorch arrays alike.
        """
        if x.shape[-1] != self.dim:
            raise ValueError(f"unpack of an array of shape {tuple(x.shape)}: accepted (..., {self.dim})")
        out, at = {}, 0
        for name, p in self.blocks.items():
            out[name] = x[..., at : at + p.size].reshape(tuple(x.shape[:-1]) + p.shape)
            at += p.size
        return SimpleNamespace(**out)

    def pack(self, blocks: Mapping[str, Any]) -> np.ndarray:
        """The inverse of unpack, for numpy arrays: blocks of shape (n, *shape) to an array of shape (n, d)."""
        if blocks.keys() != self.blocks.keys():
            raise ValueError(f"blocks {', '.join(blocks)}: accepted {', '.join(self.blocks)}")
        arrays = {name: np.asarray(blocks[name], np.float64) for name in self.blocks}
        n = max((len(a) for a in arrays.values() if a.ndim), default=1)
        for name, p in self.blocks.items():
            if arrays[name].shape != (n, *p.shape):
                raise ValueError(f"block {name} has shape {arrays[name].shape}: accepted {(n, *p.shape)}")
        return np.concatenate([arrays[name].reshape(n, p.size) for name, p in self.blocks.items()], axis=1)


def make_params(dim: int | None, params: Mapping[str, Param | Shape] | None) -> Params:
    """The Params of a target's ``dim`` or ``params`` argument, of which one must be given."""
    if (dim is None) == (params is None):
        raise TypeError("give dim=..., the number of coordinates, or params={name: shape}, one of the two")
    made = Params({"x": dim} if dim is not None else params or {})
    if made.dim < 1:
        raise ValueError(f"a point of {made.dim} coordinates: at least 1 is accepted")
    return made


def _shape(shape: Shape) -> tuple[int, ...]:
    dims = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if any(not isinstance(k, (int, np.integer)) or k < 0 for k in dims):
        raise ValueError(f"shape {shape!r}: a tuple of whole numbers is accepted, () for a scalar")
    return tuple(int(k) for k in dims)
