"""Training: the order to learn that a transport's ``train`` gets."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .random import Draws, Key

_HEAD = struct.Struct("<QQ")  # before a checkpoint's own bytes: steps done and points evaluated


@dataclass(frozen=True)
class Level:
    """One population of a tempered pilot run: weighted draws of the density at beta between reference and target."""

    beta: float
    x: np.ndarray  # (n, d)
    log_ref: np.ndarray  # (n,)
    log_target: np.ndarray  # (n,)
    log_w: np.ndarray  # (n,), up to a constant
    log_z: float  # estimate of the log of the density's integral


@dataclass
class Training:
    """What to train from and for how long. For a training of your own, outside of a run, ``Training()`` will do.

    The same order must give the same bytes, interrupted or not: take random numbers from ``draws`` alone.
    """

    key: Key = Key(0)
    pilot: list[Level] = field(default_factory=list)  # beta from 0 to 1; empty: from scratch
    max_steps: int = 0  # 0: the method's own number
    max_evaluations: int = 0  # points of the target; 0: no limit
    resume: bytes | None = None  # what ``state`` gave, if an earlier training is to go on; None: from the start
    report_every: float = 1.0  # seconds, at most so often
    listener: Any = None  # who hears of it: a Listener; None: nobody

    def __post_init__(self) -> None:
        self.step = self.evaluations = 0
        self.reason = ""  # why it ended early, if so
        self.warnings: list[str] = []
        self._reported = -np.inf
        self._of = 0
        if self.resume is not None:
            self.step, self.evaluations = _HEAD.unpack_from(self.resume)
            self.resume = self.resume[_HEAD.size :]

    def steps(self, count: int, state: Callable[[], bytes], evaluations: int = 0) -> Iterator[int]:
        """The numbers of the steps to do: from 0, or from where the training that is resumed was, up to ``count``,
        or ``max_steps`` where the order says so; fewer where the host says stop or where ``evaluations``, the points
        of the target that each step evaluates, no longer fit the order. ``state`` gives, between two steps, all that
        resuming needs.
        """
        self._of = self.max_steps or count
        while self.step < self._of:
            checkpoint, stop = self.listener.asked() if self.listener else (False, False)
            if checkpoint:
                self.listener.checkpoint(_HEAD.pack(self.step, self.evaluations) + state())
            if stop:
                self.reason = "the host said stop"
                return
            if self.max_evaluations and self.evaluations + evaluations > self.max_evaluations:
                self.reason = f"{self.evaluations} of {self.max_evaluations} evaluations are spent"
                return
            yield self.step
            self.step += 1
            self.evaluations += evaluations

    def draws(self, n: int) -> Draws:
        """Random numbers for n samples of this step."""
        return Draws(self.key, 0, n, stage=self.step)

    def report(self, loss: float, phase: str = "train", **metrics: float) -> None:
        """Tell how it goes; call it each step. Metrics such as ess, log_z, log_z_lower and log_z_upper are shown."""
        now = time.monotonic()
        if self.listener and now - self._reported >= self.report_every:
            self._reported = now
            self.listener.report(phase, self.step + 1, self._of, loss, metrics)

    def warn(self, text: str) -> None:
        """Something that whoever ordered the training should know in the end."""
        self.warnings.append(text)
