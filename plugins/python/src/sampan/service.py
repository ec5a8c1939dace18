"""The calls of the Plugin and Target services, on messages."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ._proto import pb
from .config import ConfigError
from .evaluate import Answer
from .messages import GRAD, LOGP, PARTS, PIECE_BYTES, InvalidError, call_error, cap, param_messages, points, to_bytes
from .plugin import Plugin, sdk
from .random import Draws, Key
from .target import Target
from .transport_service import TransportService

_KINDS = {kind: pb.value("Kind", "KIND_" + kind.upper()) for kind in ("target", "transport")}


class Instance:
    """A target that was created: what is evaluated, one call at a time, and what is counted."""

    def __init__(self, name: str, target: Target):
        self.name, self.target = name, target
        self.caps = [
            cap(name)
            for name, has in (
                ("GRAD", target.has_grad),
                ("PARTS", target.facts.apart),
                ("SAMPLE", target.has_sample),
                ("SAMPLE_PRIOR", target.has_prior_sample),
                ("OUTPUTS", target.output_params.blocks),
            )
            if has
        ]
        self.can = LOGP | (GRAD if target.has_grad else 0) | (PARTS if target.facts.apart else 0)
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
        self.transports = TransportService(plugin)
        self._instances: dict[int, Instance] = {}
        self._handles = itertools.count(1)

    def describe(self, request: Any) -> Any:
        """Plugin.Describe."""
        plugin = self._plugin
        components = [
            pb.Component(
                kind=_KINDS[c["kind"]],
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
            kind = next((kind for kind, number in _KINDS.items() if number == request.kind), None)
            if kind is None:
                raise InvalidError(f"kind {request.kind}: accepted are targets and transports")
            if request.name not in self._plugin.named(kind):
                accepted = ", ".join(self._plugin.named(kind)) or "none"
                raise InvalidError(f"no {kind} {request.name!r}: accepted are the {kind}s {accepted}")
            handle = next(self._handles)
            if kind == "transport":
                return self.transports.create(request, handle)
            config = json.loads(request.config_json or b"{}")
            instance = Instance(request.name, self._plugin.make_target(request.name, config, request.folder))
        except ConfigError as e:
            problems = [pb.ConfigProblem(path=path, found=found, accepted=ok) for path, found, ok in e.problems]
            return pb.CreateReply(problems=problems)
        except BaseException as e:
            return pb.CreateReply(error=call_error(e))
        self._instances[handle] = instance
        target = instance.target
        batch_dependent = any(t.evaluator.batch_dependent for t in target.terms())
        limits = pb.Limits(max_rows=target.facts.max_rows, batch_dependent=batch_dependent)
        info = _target_info(request.name, target)
        return pb.CreateReply(handle=handle, caps=instance.caps, limits=limits, target=info)

    def release(self, request: Any) -> Any:
        """Plugin.Release."""
        self._instances.pop(request.handle, None)
        self.transports.instances.pop(request.handle, None)
        return pb.ReleaseReply()

    def counters(self, request: Any) -> Any:
        """Plugin.Counters."""
        i = self.transports.instances.get(request.handle) or self._instance(request.handle)
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
            if cap("SAMPLE_PRIOR" if request.prior else "SAMPLE") not in instance.caps:
                raise InvalidError(f"target {instance.name} draws from no such density")
            target = instance.target
            term = target.prior_term if request.prior and target.prior_term else target
            rows = max(1, PIECE_BYTES // (8 * target.dim))
            for at in range(0, request.n, rows):
                n = min(rows, request.n - at)
                draws = Draws(Key(request.key), request.first + at, n)
                x, _ = instance.run(partial(term.draws, draws, target.dim))
                yield pb.SampleReply(first=request.first + at, n=n, x=to_bytes(x))
        except GeneratorExit:
            raise
        except BaseException as e:
            yield pb.SampleReply(error=call_error(e))

    def derive(self, request: Any) -> Any:
        """Target.Derive."""
        try:
            instance = self._instance(request.handle)
            x = points(request.x, request.n, instance.target.dim)
            out, _ = instance.run(lambda: instance.target.derive(x))
            return pb.DeriveReply(out=to_bytes(out))
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
        x = points(request.x, n, target.dim)
        grad = bool(want & GRAD)
        answer, busy = instance.run(lambda: target.evaluate(x, grad), n, n if grad else 0)
        return _reply(request.seq, want, answer, busy)

    def _instance(self, handle: int) -> Instance:
        instance = self._instances.get(handle)
        if instance is None:
            raise InvalidError(f"handle {handle}: no such target was created, or it was released")
        return instance


def _reply(seq: int, want: int, a: Answer, busy: int) -> Any:
    reply = pb.EvalReply(seq=seq, busy_ns=busy)
    if a.status is not None:
        reply.status = a.status.tobytes()
    if want & LOGP:
        reply.logp = to_bytes(a.logp)
    if want & GRAD:
        reply.grad = to_bytes(a.grad)
    if want & PARTS:
        reply.log_prior, reply.log_lik = to_bytes(a.log_prior), to_bytes(a.log_lik)
        reply.grad_prior, reply.grad_lik = to_bytes(a.grad_prior), to_bytes(a.grad_lik)
    return reply


def _target_info(name: str, target: Target) -> Any:
    known = {k: to_bytes(v) if isinstance(v, np.ndarray) else v for k, v in target.facts.known.items()}
    return pb.TargetInfo(
        name=name,
        params=param_messages(target.params),
        normalised=target.facts.normalised,
        prior_normalised=target.facts.prior_normalised,
        known=pb.Known(**known),
        outputs=param_messages(target.output_params),
    )
