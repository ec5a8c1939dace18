"""Transports: what moves particles along a path of densities from a reference to the target.

A transport is a class. Its path has K segments; segment k takes particles x, at cut k - 1, to y, at cut k, and tells

    r_k(x, y) = log B_k(x | y) - log F_k(y | x)

with F_k the kernel it moves by and B_k the one that would take it back; for a map, r_k is its log |det dy/dx|. The host
weighs: log w grows by log gamma_k(y) - log gamma_{k-1}(x) + r_k. If the kernels cover each other then E[w] = Z,
whatever they are, so a transport that has learned little costs efficiency and never correctness.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Union

import numpy as np

from .evaluate import NUMERICAL, BadReturnError, as_floats, describe
from .random import Draws, Key
from .target import Target
from .training import Training


class TransportTarget(Protocol):
    """The target a transport is made for, on the unconstrained scale. In a run it is asked of the host, which counts;
    for trying out, any ``sampan.target`` of real parameters is one.
    """

    name: str

    @property
    def dim(self) -> int:
        """Number of coordinates of a point."""

    @property
    def has_grad(self) -> bool:
        """Whether its gradient is known."""

    def eval(self, x: np.ndarray, grad: bool = False) -> Any:
        """Log densities, (n,), of points x, (n, d); with ``grad`` a tuple of them and the gradients, (n, d)."""


Cut = Union[float, Target, None]


@dataclass(frozen=True)
class Particles:
    """Particles at a cut. The arrays are not to be written to."""

    x: np.ndarray  # (n, d)
    aux: np.ndarray  # (n, Transport.aux): momenta and the like
    log_ref: np.ndarray  # (n,): log density of the reference
    log_target: np.ndarray  # (n,): log density of the target
    log_own: np.ndarray | None = None  # (n,): where the cut is a density of the transport's own


class Transport(ABC):
    """A path of segments. Subclass it; ``__init__`` takes the target first, and its further parameters, with their
    types and defaults, are the keys of ``[sampler.transport.config]``, as those of a family are.

    These attributes may be set, by the class or by ``__init__``:

    cuts           the ends of the segments, one each: a number beta, where the density is that of the host's path
                   reference^(1-beta) target^beta; a density of its own, made by ``sampan.target``; or None, where there
                   is none and the host leaves the particles alone. The last is the target, 1.0
    reference      the density it starts from: a normalised ``sampan.target`` with ``sample``; None takes the run's
    aux            width of an auxiliary state that goes with each particle
    order          None where r belongs to what the segments really do; else the order of the discretisation
    deterministic  the segments draw no random numbers
    needs_target   the segments, ``train`` or ``backward`` evaluate the target
    max_rows       particles a call at most, 0 for no limit

    ``backward``, ``set_cuts`` and ``train`` with ``save`` and ``load`` are optional: define those there are.
    """

    cuts: Sequence[Cut] = (1.0,)
    reference: Target | None = None
    aux: int = 0
    order: int | None = None
    deterministic: bool = False
    needs_target: bool = True
    max_rows: int = 0
    _OPTIONAL: ClassVar = ("backward", "set_cuts", "train", "save", "load")

    def __init__(self, target: TransportTarget):
        self.target = target

    @abstractmethod
    def segment(self, k: int, particles: Particles, draws: Draws) -> tuple[np.ndarray, ...]:
        """Move particles from cut k - 1 to cut k, the first k being 1: a tuple of y, (n, d), and r, (n,), and, where
        aux is above zero, the new aux, (n, aux). Random numbers come from ``draws`` alone, row i from row i, so that
        the same call gives the same answer, in whatever process.
        """

    def backward(self, k: int, particles: Particles, draws: Draws) -> tuple[np.ndarray, ...]:
        """Optional: draw x from B_k(. | y), the particles being at cut k, and tell the same r(x, y)."""
        raise NotImplementedError

    def set_cuts(self, n: int) -> None:
        """Optional: cut the path into n segments, or as near as it can, by changing ``cuts``."""
        raise NotImplementedError

    def train(self, training: Training) -> None:
        """Optional: learn."""
        raise NotImplementedError

    def save(self) -> dict[str, bytes]:
        """What was learned: small files by name."""
        raise NotImplementedError

    def load(self, files: dict[str, bytes]) -> None:
        """Take back what ``save`` gave."""
        raise NotImplementedError

    @classmethod
    def can(cls, method: str) -> bool:
        """Whether an optional method is defined."""
        return getattr(cls, method) is not getattr(Transport, method)

    def log_weights(self, n: int, seed: int = 1) -> np.ndarray:
        """For trying a transport out on a target in Python: n particles from its own reference to the target, without
        resampling. Their log weights; the mean of exp of these is an unbiased estimate of Z.
        """
        check(self, self.target.dim)
        if self.reference is None:
            raise ValueError(f"{type(self).__name__} has no reference of its own to start from")
        key, target, reference = Key.derive(seed, "log_weights"), self.target, self.reference
        x, aux, own = reference.draws(Draws(key, 0, n), reference.dim), np.zeros((n, self.aux)), None
        log_w = -reference.log_density(x)
        for k in range(1, len(self.cuts) + 1):
            at = Particles(x, aux, reference.log_density(x), target.eval(x), own)
            moved = move(self, k, at, Draws(key, 0, n, stage=k))
            x, aux, own = moved.x, moved.aux, moved.log_own
            log_w = log_w + moved.log_ratio
        return log_w + target.eval(x)


@dataclass(frozen=True)
class Moved:
    """What a segment did, checked."""

    x: np.ndarray
    aux: np.ndarray
    log_ratio: np.ndarray
    log_own: np.ndarray | None
    status: np.ndarray | None  # uint8, (n,); None where all are fine


def move(transport: Transport, k: int, at: Particles, draws: Draws, backward: bool = False) -> Moved:
    """Run segment k, forward or backward."""
    label = f"{type(transport).__name__}.{'backward' if backward else 'segment'}"
    n, width = len(at.x), 3 if transport.aux else 2
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        out = (transport.backward if backward else transport.segment)(k, at, draws)
    if not isinstance(out, tuple) or len(out) != width:
        parts = "positions, log ratios" + (" and aux" if transport.aux else "")
        raise BadReturnError(f"{label} returned {describe(out)}: accepted is a tuple of {parts}")
    x = as_floats(f"{label}: positions", out[0], at.x.shape, "one point a particle")
    log_ratio = as_floats(f"{label}: log ratios", out[1], (n,), "one number a particle")
    aux = as_floats(f"{label}: aux", out[2], (n, transport.aux), "one row a particle") if transport.aux else at.aux
    end = k - 1 if backward else k
    own = transport.cuts[end - 1] if end else None
    log_own = own.evaluate(x, False).logp if isinstance(own, Target) else None
    bad = ~np.isfinite(x).all(axis=1) | ~np.isfinite(aux).all(axis=1) | ~(log_ratio < np.inf)
    return Moved(x, aux, log_ratio, log_own, bad.astype(np.uint8) * NUMERICAL if bad.any() else None)


def check(transport: Transport, dim: int) -> None:
    """Refuse a transport that contradicts itself or its target; for ``dim`` see the target."""
    name, reference, beta = type(transport).__name__, transport.reference, 0.0
    if not len(transport.cuts) or isinstance(transport.cuts[-1], Target) or transport.cuts[-1] != 1:
        raise ValueError(f"{name}.cuts = {transport.cuts!r}: accepted is one entry a segment, the last 1.0, the target")
    for cut in transport.cuts:
        if isinstance(cut, Target):
            _check_density(f"{name}.cuts: {cut.name}", cut, dim)
        elif cut is not None:
            if not beta < float(cut) <= 1:
                raise ValueError(f"{name}.cuts: {cut} after {beta}: accepted are rising numbers, above 0 and up to 1")
            beta = float(cut)
    if reference is not None:
        if not isinstance(reference, Target) or not reference.facts.normalised or not reference.has_sample:
            raise ValueError(
                f"{name}.reference: accepted is a sampan.target with normalised=True and a sample function"
            )
        _check_density(f"{name}.reference", reference, dim)
    if transport.can("train") and not (transport.can("save") and transport.can("load")):
        raise TypeError(f"{name} has train: accepted with save and load beside it")


def _check_density(label: str, density: Target, dim: int) -> None:
    if density.dim != dim or any(p.support != "real" for p in density.params.blocks.values()):
        raise ValueError(f"{label} is a density of {density.dim} coordinates: accepted are {dim}, all of them real")
