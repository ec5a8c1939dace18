"""Ready-made densities for a path to start from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .random import Draws
from .target import Target, target


def normal(mean: Any, sd: Any) -> Target:
    """The normal density with independent coordinates, normalised, with its gradient and exact draws. ``mean`` and
    ``sd`` are arrays of shape (d,); one of them may be a number.
    """
    mean, sd = (np.array(a) for a in np.broadcast_arrays(np.asarray(mean, float), np.asarray(sd, float)))
    if mean.ndim != 1 or not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd > 0).all()):
        raise ValueError(f"normal(mean={mean}, sd={sd}): accepted are finite arrays of shape (d,), sd above zero")
    constant = -0.5 * len(mean) * np.log(2 * np.pi) - np.log(sd).sum()

    @target(dim=len(mean), normalised=True, with_grad=True, autograd=None)
    def normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = (x - mean) / sd
        return constant - 0.5 * (z * z).sum(axis=1), -z / sd

    @normal.sample
    def _(draws: Draws) -> np.ndarray:
        return mean + sd * draws.standard_normal(len(mean))

    return normal
