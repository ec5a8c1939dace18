"""The calls of the Transport service, on messages."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ._proto import pb
from .asking import Ask, HostTarget, HungUpError
from .conversation import Inbox, Send, next_of
from .messages import GRAD, LOGP, PIECE_BYTES, InvalidError, call_error, cap, floats, joined, pieces, points, to_bytes
from .plugin import Plugin
from .random import Draws, Key
from .target import Target
from .training import Level, Training
from .transport import Moved, Particles, Transport, check, move


class Instance:
    """A transport that was created: one call at a time, since the user's code need not be ready for threads."""

    def __init__(self, name: str, transport: Transport, target: HostTarget):
        self.name, self.transport, self.target = name, transport, target
        self.calls = self.busy_ns = 0
        self.densities = self.gradients = 0  # it asks the host, which counts
        self._lock = threading.Lock()
        check(transport, target.dim)

    def run(self, call: Callable[[], Any], ask: Ask | None = None) -> tuple[Any, int]:
        """Run the user's code; its answer and the nanoseconds it took, without those it waited for answers."""
        with self._lock:
            start, waited = time.perf_counter_ns(), self.target.waited_ns
            try:
                if ask is None:
                    answer = call()
                else:
                    with self.target.answered(ask):
                        answer = call()
            finally:
                busy = time.perf_counter_ns() - start - (self.target.waited_ns - waited)
                self.calls += 1
                self.busy_ns += busy
        return answer, busy

    def caps(self) -> list[int]:
        """What the transport can do."""
        t = self.transport
        own = [cut for cut in t.cuts if isinstance(cut, Target)]
        has = {
            "REFERENCE": t.reference is not None,
            "OWN_DENSITY": bool(own),
            "OWN_GRAD": bool(own) and all(cut.has_grad for cut in own),
            "BACKWARD": t.can("backward"),
            "SET_CUTS": t.can("set_cuts"),
            "TRAIN": t.can("train"),
            "RESUME": t.can("train"),
            "NEEDS_TARGET": t.needs_target,
        }
        return [cap(name) for name, yes in has.items() if yes]

    def info(self) -> Any:
        """TransportInfo."""
        t = self.transport
        return pb.TransportInfo(
            name=self.name,
            aux=t.aux,
            discretised=t.order is not None,
            order=t.order or 0,
            deterministic=t.deterministic,
            cuts=[_cut(cut) for cut in t.cuts],
        )

    def density(self, cut: int) -> Target:
        """The reference, of cut 0, or its own density at a cut."""
        t = self.transport
        density = t.reference if cut == 0 else t.cuts[cut - 1] if cut <= len(t.cuts) else None
        if not isinstance(density, Target):
            raise InvalidError(f"cut {cut}: transport {self.name} has no density of its own there")
        return density


class TransportService:
    """Answers requests for the transports of one plugin."""

    def __init__(self, plugin: Plugin):
        self._plugin = plugin
        self.instances: dict[int, Instance] = {}

    def create(self, request: Any, handle: int) -> Any:
        """Plugin.Create of a transport; what it raises is the caller's to tell."""
        target = HostTarget(request.target)
        if not target.dim:
            raise InvalidError("a transport is made for a target: none was told of")
        config = json.loads(request.config_json or b"{}")
        transport = self._plugin.make_transport(request.name, target, config, request.folder)
        self.instances[handle] = i = Instance(request.name, transport, target)
        limits = pb.Limits(max_rows=transport.max_rows, batch_dependent=True)
        return pb.CreateReply(handle=handle, caps=i.caps(), limits=limits, transport=i.info())

    def segment(self, commands: Iterator[Any], send: Send) -> None:
        """Transport.Segment: any number of segments, one after the other."""

        def ask(request: Any) -> Any:
            send(pb.SegmentEvent(ask=request))
            return next_of(commands).answer

        for command in commands:
            try:
                done = self._segment(command.start, ask)
            except HungUpError:
                raise
            except BaseException as e:
                send(pb.SegmentEvent(error=call_error(e)))
            else:
                send(pb.SegmentEvent(done=done))

    def sample(self, request: Any) -> Iterator[Any]:
        """Transport.Sample."""
        try:
            instance = self._instance(request.handle)
            reference = instance.density(0)
            rows = max(1, PIECE_BYTES // (8 * reference.dim))
            for at in range(0, request.n, rows):
                n = min(rows, request.n - at)
                draws = Draws(Key(request.key), request.first + at, n)
                x, _ = instance.run(partial(reference.draws, draws, reference.dim))
                yield pb.SampleReply(first=request.first + at, n=n, x=to_bytes(x))
        except GeneratorExit:
            raise
        except BaseException as e:
            yield pb.SampleReply(error=call_error(e))

    def density(self, request: Any) -> Any:
        """Transport.Density."""
        try:
            instance = self._instance(request.handle)
            density = instance.density(request.cut)
            if request.want & ~(LOGP | (GRAD if density.has_grad else 0)):
                raise InvalidError(f"want={request.want}: {instance.name} does not answer that at cut {request.cut}")
            x = points(request.x, request.n, density.dim)
            grad = bool(request.want & GRAD)
            a, busy = instance.run(lambda: density.evaluate(x, grad))
            status = b"" if a.status is None else a.status.tobytes()
            logp = to_bytes(a.logp) if request.want & LOGP else b""
            return pb.EvalReply(busy_ns=busy, status=status, logp=logp, grad=to_bytes(a.grad))
        except BaseException as e:
            return pb.EvalReply(error=call_error(e))

    def set_cuts(self, request: Any) -> Any:
        """Transport.SetCuts."""
        try:
            instance = self._instance(request.handle)
            t = instance.transport
            if not t.can("set_cuts"):
                raise InvalidError(f"transport {instance.name} has its cuts where they are")
            instance.run(lambda: t.set_cuts(request.segments))
            check(t, instance.target.dim)
            return pb.SetCutsReply(transport=instance.info())
        except BaseException as e:
            return pb.SetCutsReply(error=call_error(e))

    def train(self, commands: Iterator[Any], send: Send) -> None:
        """Transport.Train."""
        try:
            start, checkpoint, pilot = _order(commands)
            instance = self._instance(start.handle)
            if not instance.transport.can("train"):
                raise InvalidError(f"transport {instance.name} does not learn")
            inbox = Inbox(commands)

            def ask(request: Any) -> Any:
                send(pb.TrainEvent(ask=request))
                return inbox.answer()

            training = Training(
                key=Key(start.key),
                pilot=pilot,
                max_steps=start.max_steps,
                max_evaluations=start.max_evaluations,
                resume=checkpoint,
                report_every=start.report_every_seconds,
                listener=_Listener(inbox, send),
            )
            instance.run(lambda: instance.transport.train(training), ask)
            check(instance.transport, instance.target.dim)
            done = pb.Done(
                stopped_early=bool(training.reason),
                reason=training.reason,
                steps=training.step,
                warnings=training.warnings,
            )
            send(pb.TrainEvent(done=done))
        except HungUpError:
            raise
        except BaseException as e:
            send(pb.TrainEvent(error=call_error(e)))

    def save(self, request: Any) -> Iterator[Any]:
        """Transport.Save."""
        try:
            instance = self._instance(request.handle)
            files, _ = instance.run(instance.transport.save)
            for name, data in files.items():
                if not re.fullmatch("[A-Za-z0-9._-]+", name) or not isinstance(data, bytes):
                    found = f"{name!r}, a {type(data).__name__}"
                    raise TypeError(f"save returned {found}: accepted are bytes, named by letters, digits, ., - and _")
                yield from (pb.SaveEvent(blob=piece) for piece in pieces(name, data))
        except GeneratorExit:
            raise
        except BaseException as e:
            yield pb.SaveEvent(error=call_error(e))

    def load(self, commands: Iterable[Any]) -> Any:
        """Transport.Load."""
        try:
            commands = iter(commands)
            instance = self._instance(next_of(commands).handle)
            files = joined(c.blob for c in commands)
            instance.run(lambda: instance.transport.load(files))
            check(instance.transport, instance.target.dim)
            return pb.LoadReply(transport=instance.info())
        except BaseException as e:
            return pb.LoadReply(error=call_error(e))

    def _segment(self, start: Any, ask: Ask) -> Any:
        instance = self._instance(start.handle)
        t, k, p, d = instance.transport, start.segment, getattr(start, "in"), instance.target.dim
        if not 1 <= k <= len(t.cuts):
            raise InvalidError(f"segment {k}: transport {instance.name} has {len(t.cuts)}")
        if start.backward and not t.can("backward"):
            raise InvalidError(f"transport {instance.name} does not go backward")
        if (p.d, p.a) != (d, t.aux):
            raise InvalidError(f"particles of {p.d} + {p.a} coordinates: transport {instance.name} has {d} + {t.aux}")
        at = Particles(
            x=points(p.x, p.n, d),
            aux=floats("aux", p.aux, p.n, t.aux),
            log_ref=floats("log_ref", p.log_ref, p.n),
            log_target=floats("log_target", p.log_target, p.n),
            log_own=floats("log_own", p.log_own, p.n) if p.log_own else None,
        )
        draws = Draws(Key(start.key), start.first, p.n, stage=k)
        moved, busy = instance.run(partial(move, t, k, at, draws, start.backward), ask)
        return _done(moved, busy)

    def _instance(self, handle: int) -> Instance:
        instance = self.instances.get(handle)
        if instance is None:
            raise InvalidError(f"handle {handle}: no such transport was created, or it was released")
        return instance


class _Listener:
    """Tells the host of a training."""

    def __init__(self, inbox: Inbox, send: Send):
        self.asked, self._send = inbox.asked, send

    def report(self, phase: str, step: int, of: int, loss: float, metrics: dict[str, float]) -> None:
        metrics = {name: float(value) for name, value in metrics.items()}
        progress = pb.Progress(phase=phase, step=step, of=of, loss=float(loss), metrics=metrics)
        self._send(pb.TrainEvent(progress=progress))

    def checkpoint(self, state: bytes) -> None:
        for piece in pieces("", state):
            self._send(pb.TrainEvent(checkpoint=piece))


def _cut(cut: Any) -> Any:
    if cut is None:
        return pb.Cut(none=True)
    return pb.Cut(own=True) if isinstance(cut, Target) else pb.Cut(beta=float(cut))


def _done(moved: Moved, busy: int) -> Any:
    n, d = moved.x.shape
    out = pb.Particles(n=n, d=d, a=moved.aux.shape[1], aux=to_bytes(moved.aux), x=to_bytes(moved.x))
    out.log_own = to_bytes(moved.log_own)
    status = b"" if moved.status is None else moved.status.tobytes()
    return pb.SegmentDone(busy_ns=busy, status=status, log_ratio=to_bytes(moved.log_ratio), out=out)


def _order(commands: Iterator[Any]) -> tuple[Any, bytes | None, list[Level]]:
    """The commands of a training up to begin: its start, the checkpoint to resume from, the pilot's levels."""
    start = next_of(commands).start
    resume: list[Any] = []
    chunks: dict[int, list[Any]] = {}
    while True:
        command = next_of(commands)
        kind = command.WhichOneof("command")
        if kind == "begin":
            break
        if kind == "resume":
            resume.append(command.resume)
        elif kind == "pilot":
            chunks.setdefault(command.pilot.level, []).append(command.pilot)
        else:
            raise InvalidError(f"{kind} before begin: accepted are resume and pilot")
    return start, joined(resume)[""] if resume else None, [_level(level) for level in chunks.values()]


def _level(chunks: list[Any]) -> Level:
    def join(name: str, *shape: int) -> np.ndarray:
        return np.concatenate([floats(name, getattr(c, name), c.n, *shape) for c in chunks])

    first = chunks[0]
    log_w = np.zeros(first.total) if not first.log_w else join("log_w")
    level = Level(first.beta, join("x", first.d), join("log_ref"), join("log_target"), log_w, first.log_z)
    if len(level.x) != first.total:
        raise InvalidError(f"pilot at beta {first.beta}: {len(level.x)} draws came of {first.total}")
    return level
