"""The calls of the Plugin and Target services, on messages: no gRPC here but the context it hands over."""

from __future__ import annotations

import itertools
import json
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ._proto import pb
from .config import ConfigError
from .evaluate import Answer, BadReturnError
from .params import Params
from .plugin import Plugin, sdk
from .random import Draws, Key
from .target import Target

_KIND_TARGET = pb.value("Kind", "KIND_TARGET")
_LOGP, _GRAD, _PARTS = (pb.value("Want", "WANT_" + name) for name in ("LOGP", "GRAD", "PARTS"))
_CAP = {name: pb.value("Cap", "CAP_" + name) for name in ("GRAD", "PARTS", "SAMPLE", "SAMPLE_PRIOR", "OUTPUTS")}
_INVALID, _FAILED = 1, 2  # CallError.Code
_SAMPLE_BYTES = 1 << 20  # of draws in one message

_HERE = str(Path(__file__).parent)


class InvalidError(Exception):
    """The request was wrong."""


class Instance:
    """A target that was created: what is evaluated, one call at a time, and what is counted."""

    def __init__(self, name: str, target: Target):
        self.name, self.target = name, target
        self.caps = [
            _CAP[name]
            for name, has in (
                ("GRAD", target.has_grad),
                ("PARTS", target.facts.apart),
                ("SAMPLE", target.has_sample),
                ("SAMPLE_PRIOR", target.has_prior_sample),
                ("OUTPUTS", target.output_params.blocks),
            )
            if has
        ]
        self.can = _LOGP | (_GRAD if target.has_grad else 0) | (_PARTS if target.facts.apart else 0)
        self.calls = self.densities = self.gradients = self.busy_ns = 0
        self._lock = threading.Lock()  # the user's code need not be ready for threads

    def run(self, call: Callable[[], Any], densities: int = 0, gradients: int = 0) -> tuple[Any, int]:
        """Run the user's code; its answer and the nanoseconds it took."""
        with self._lock:
            start = time.perf_counter_ns()
            try:
                answer = call()
            finally:
                busy = time.perf_counter_ns() - start
                self.calls += 1
                self.densities += densities
                self.gradients += gradients
                self.busy_ns += busy
        return answer, busy


class Service:
    """Answers requests for the components of one plugin."""

    def __init__(self, plugin: Plugin):
        self._plugin = plugin
        self._instances: dict[int, Instance] = {}
        self._handles = itertools.count(1)

    def describe(self, request: Any) -> Any:
        """Plugin.Describe."""
        plugin = self._plugin
        components = [
            pb.Component(
                kind=_KIND_TARGET,
                name=c["name"],
                summary=c["summary"],
                config_schema_json=json.dumps(c["config_schema"]).encode(),
            )
            for c in plugin.describe()["components"]
        ]
        return pb.DescribeReply(name=plugin.name, version=plugin.version, sdk=sdk(), components=components)

    def create(self, request: Any) -> Any:
        """Plugin.Create."""
        try:
            if request.kind != _KIND_TARGET or request.name not in self._plugin.components:
                accepted = ", ".join(self._plugin.components)
                raise InvalidError(f"no {request.name!r} of kind {request.kind}: accepted are the targets {accepted}")
            config = json.loads(request.config_json or b"{}")
            instance = Instance(request.name, self._plugin.make(request.name, config, request.folder))
        except ConfigError as e:
            problems = [pb.ConfigProblem(path=path, found=found, accepted=ok) for path, found, ok in e.problems]
            return pb.CreateReply(problems=problems)
        except BaseException as e:
            return pb.CreateReply(error=call_error(e))
        handle = next(self._handles)
        self._instances[handle] = instance
        target = instance.target
        batch_dependent = any(t.evaluator.batch_dependent for t in target.terms())
        limits = pb.Limits(max_rows=target.facts.max_rows, batch_dependent=batch_dependent)
        info = _target_info(request.name, target)
        return pb.CreateReply(handle=handle, caps=instance.caps, limits=limits, target=info)

    def release(self, request: Any) -> Any:
        """Plugin.Release."""
        self._instances.pop(request.handle, None)
        return pb.ReleaseReply()

    def counters(self, request: Any) -> Any:
        """Plugin.Counters."""
        i = self._instance(request.handle)
        return pb.CountersReply(calls=i.calls, densities=i.densities, gradients=i.gradients, busy_ns=i.busy_ns)

    def eval(self, request: Any) -> Any:
        """Target.Eval."""
        try:
            return self._eval(request)
        except BaseException as e:
            return pb.EvalReply(seq=request.seq, error=call_error(e))

    def eval_stream(self, requests: Iterable[Any]) -> Iterator[Any]:
        """Target.EvalStream."""
        return map(self.eval, requests)

    def sample(self, request: Any) -> Iterator[Any]:
        """Target.Sample."""
        try:
            instance = self._instance(request.handle)
            if _CAP["SAMPLE_PRIOR" if request.prior else "SAMPLE"] not in instance.caps:
                raise InvalidError(f"target {instance.name} draws from no such density")
            target = instance.target
            term = target.prior_term if request.prior and target.prior_term else target
            rows = max(1, _SAMPLE_BYTES // (8 * target.dim))
            for at in range(0, request.n, rows):
                n = min(rows, request.n - at)
                draws = Draws(Key(request.key), request.first + at, n)
                x, _ = instance.run(partial(term.draws, draws, target.dim))
                yield pb.SampleReply(first=request.first + at, n=n, x=_bytes(x))
        except GeneratorExit:
            raise
        except BaseException as e:
            yield pb.SampleReply(error=call_error(e))

    def derive(self, request: Any) -> Any:
        """Target.Derive."""
        try:
            instance = self._instance(request.handle)
            x = _points(request.x, request.n, instance.target.dim)
            out, _ = instance.run(lambda: instance.target.derive(x))
            return pb.DeriveReply(out=_bytes(out))
        except BaseException as e:
            return pb.DeriveReply(error=call_error(e))

    def _eval(self, request: Any) -> Any:
        instance = self._instance(request.handle)
        target, want, n = instance.target, request.want, request.n
        if want & ~instance.can:
            raise InvalidError(f"want={want}: target {instance.name} answers {instance.can} at most")
        if request.d != target.dim:
            raise InvalidError(f"points of {request.d} coordinates: target {instance.name} has {target.dim}")
        if 0 < target.facts.max_rows < n:
            raise InvalidError(f"{n} points: target {instance.name} takes {target.facts.max_rows} a call at most")
        x = _points(request.x, n, target.dim)
        grad = bool(want & _GRAD)
        answer, busy = instance.run(lambda: target.evaluate(x, grad), n, n if grad else 0)
        return _reply(request.seq, want, answer, busy)

    def _instance(self, handle: int) -> Instance:
        instance = self._instances.get(handle)
        if instance is None:
            raise InvalidError(f"handle {handle}: no such target was created, or it was released")
        return instance


def call_error(error: BaseException) -> Any:
    """A failure as the host shows it: one line, and the traceback from the user's code on."""
    if isinstance(error, InvalidError):
        return pb.CallError(code=_INVALID, message=str(error))
    if isinstance(error, BadReturnError):
        return pb.CallError(code=_FAILED, message=str(error))
    first = str(error).partition("\n")[0]
    message = type(error).__name__ + (f": {first}" if first else "")
    frames = _users_frames(error.__traceback__)
    return pb.CallError(
        code=_FAILED, message=message, traceback="".join(traceback.format_exception(type(error), error, frames))
    )


def _users_frames(frames: TracebackType | None) -> TracebackType | None:
    """The traceback without this SDK's frames on top."""
    users = frames
    while users is not None and users.tb_frame.f_code.co_filename.startswith(_HERE):
        users = users.tb_next
    return users or frames


def _points(data: bytes, n: int, d: int) -> np.ndarray:
    if len(data) != 8 * n * d:
        raise InvalidError(f"x has {len(data)} bytes: {n} points of {d} coordinates have {8 * n * d}")
    return np.frombuffer(data, "<f8").reshape(n, d) if n else np.empty((0, d))


def _bytes(array: np.ndarray | None) -> bytes:
    return b"" if array is None else np.asarray(array, "<f8").tobytes()


def _reply(seq: int, want: int, a: Answer, busy: int) -> Any:
    reply = pb.EvalReply(seq=seq, busy_ns=busy)
    if a.status is not None:
        reply.status = a.status.tobytes()
    if want & _LOGP:
        reply.logp = _bytes(a.logp)
    if want & _GRAD:
        reply.grad = _bytes(a.grad)
    if want & _PARTS:
        reply.log_prior, reply.log_lik = _bytes(a.log_prior), _bytes(a.log_lik)
        reply.grad_prior, reply.grad_lik = _bytes(a.grad_prior), _bytes(a.grad_lik)
    return reply


def _target_info(name: str, target: Target) -> Any:
    known = {k: _bytes(v) if isinstance(v, np.ndarray) else v for k, v in target.facts.known.items()}
    return pb.TargetInfo(
        name=name,
        params=_param_messages(target.params),
        normalised=target.facts.normalised,
        prior_normalised=target.facts.prior_normalised,
        known=pb.Known(**known),
        outputs=_param_messages(target.output_params),
    )


def _param_messages(params: Params) -> list[Any]:
    return [
        pb.Param(name=name, shape=p.shape, support=pb.value("Support", "SUPPORT_" + p.support.upper()))
        for name, p in params.blocks.items()
    ]
