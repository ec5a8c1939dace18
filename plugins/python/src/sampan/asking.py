"""The target of a transport in a run: asked of the host, over the stream that the work came by."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._proto import pb
from .messages import GRAD, LOGP, cap

_ASK_BYTES = 32 << 20  # of points in one ask

Ask = Callable[[Any], Any]  # an EvalRequest to its EvalReply


class HungUpError(BaseException):
    """The host ended the call: there is nobody to answer, and nobody to answer to."""


class TargetError(Exception):
    """The host could not evaluate the target."""


class HostTarget:
    """A target, as a TargetRef tells of it."""

    def __init__(self, ref: Any):
        self.name: str = ref.info.name
        self.dim = sum(math.prod(p.shape) for p in ref.info.params)
        self.has_grad = cap("GRAD") in ref.caps
        self.waited_ns = 0  # for answers, all told
        self._ask: Ask | None = None

    @contextlib.contextmanager
    def answered(self, ask: Ask) -> Iterator[None]:
        """While this holds, ``eval`` asks."""
        self._ask = ask
        try:
            yield
        finally:
            self._ask = None

    def eval(self, x: Any, grad: bool = False) -> Any:
        """Log densities, (n,), of points x, (n, d); with ``grad`` a tuple of them and the gradients, (n, d)."""
        if self._ask is None:
            raise RuntimeError("target.eval outside of segment, backward and train: nobody is there to answer")
        if grad and not self.has_grad:
            raise ValueError(f"target {self.name} has no gradient")
        x = np.ascontiguousarray(x, "<f8")
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"target.eval of an array of shape {x.shape}: accepted (n, {self.dim})")
        logp, score = np.empty(len(x)), np.empty(x.shape) if grad else None
        rows = max(1, _ASK_BYTES // (8 * self.dim))
        for at in range(0, len(x), rows):
            part = x[at : at + rows]
            reply = self._answer(at, part, LOGP | GRAD if grad else LOGP)
            logp[at : at + rows] = _floats("logp", reply.logp, len(part))
            if score is not None:
                score[at : at + rows] = _floats("grad", reply.grad, *part.shape)
        return logp if score is None else (logp, score)

    def _answer(self, seq: int, x: np.ndarray, want: int) -> Any:
        assert self._ask is not None
        start = time.perf_counter_ns()
        reply = self._ask(pb.EvalRequest(seq=seq, n=len(x), d=self.dim, want=want, x=x.tobytes()))
        self.waited_ns += time.perf_counter_ns() - start
        if reply.HasField("error"):
            raise TargetError(f"target {self.name}: {reply.error.message}")
        return reply


def _floats(what: str, data: bytes, *shape: int) -> np.ndarray:
    if len(data) != 8 * math.prod(shape):
        raise TargetError(
            f"the host's {what} has {len(data)} bytes: an array of shape {shape} has {8 * math.prod(shape)}"
        )
    return np.frombuffer(data, "<f8").reshape(shape)
