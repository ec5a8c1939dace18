"""The host's part of a path, for tests: it answers what a transport asks, and weighs what it does."""

from __future__ import annotations

import queue

import numpy as np
from host import GRAD, LOGP, Host, floats

import sampan
from sampan._proto import PACKAGE, pb
from sampan.messages import joined, pieces

TRANSPORT = pb.value("Kind", "KIND_TRANSPORT")


@sampan.target(dim=2, with_grad=True)
def bowl(x):
    return -0.5 * (x**2).sum(axis=1), -x


def create(h: Host, name: str, target, config: bytes = b"{}"):
    """Plugin.Create of a transport for a target in Python."""
    info = pb.TargetInfo(name=target.name, params=[pb.Param(name="x", shape=[target.dim])])
    caps = [pb.value("Cap", "CAP_GRAD")] if target.has_grad else []
    ref = pb.TargetRef(ask=True, info=info, caps=caps)
    request = pb.CreateRequest(kind=TRANSPORT, name=name, config_json=config, target=ref)
    return h.call("Plugin/Create", request, pb.CreateReply)


class Talk:
    """A stream on which the plugin asks."""

    def __init__(self, h: Host, method: str, command, event, target):
        stub = h.channel.stream_stream(f"/{PACKAGE}.{method}", command.SerializeToString, event.FromString)
        self.command, self.target, self.asks = command, target, []
        self.commands: queue.SimpleQueue = queue.SimpleQueue()
        self.call = stub(iter(self.commands.get, None), timeout=120)

    def send(self, **command) -> None:
        self.commands.put(self.command(**command))

    def events(self):
        """What comes, but for asks, which are answered."""
        for event in self.call:
            if event.WhichOneof("event") == "ask":
                self.asks.append(event.ask)
                self.send(answer=self.answer(event.ask))
            elif event.WhichOneof("event") != "beat":
                yield event

    def answer(self, ask):
        x = floats(ask.x, ask.n, ask.d)
        reply = pb.EvalReply(seq=ask.seq)
        if ask.want & GRAD:
            logp, grad = self.target.eval(x, grad=True)
            reply.grad = grad.tobytes()
        else:
            logp = self.target.eval(x)
        if ask.want & LOGP:
            reply.logp = logp.tobytes()
        return reply

    def close(self) -> None:
        self.commands.put(None)


class Path:
    """A transport that was created, taken from end to end."""

    def __init__(self, h: Host, name: str, target, config: bytes = b"{}"):
        self.h, self.target = h, target
        self.reply = create(h, name, target, config)
        assert self.reply.handle, self.reply
        self.handle, self.info = self.reply.handle, self.reply.transport
        self.talk = Talk(h, "Transport/Segment", pb.SegmentCommand, pb.SegmentEvent, target)

    def sample(self, key: int, first: int, n: int) -> np.ndarray:
        """Draws of its reference."""
        stub = self.h.channel.unary_stream(
            f"/{PACKAGE}.Transport/Sample", pb.SampleRequest.SerializeToString, pb.SampleReply.FromString
        )
        chunks = list(stub(pb.SampleRequest(handle=self.handle, key=key, first=first, n=n), timeout=30))
        assert not chunks[-1].HasField("error"), chunks[-1].error
        return np.concatenate([floats(c.x, c.n, self.target.dim) for c in chunks])

    def density(self, cut: int, x: np.ndarray, want: int = LOGP):
        request = pb.DensityRequest(handle=self.handle, cut=cut, n=len(x), want=want, x=x.tobytes())
        return self.h.call("Transport/Density", request, pb.EvalReply)

    def segment(self, k: int, x, aux=None, first: int = 0, key: int = 7, backward: bool = False, **arrays):
        """The event that ends a segment."""
        aux = np.empty((len(x), 0)) if aux is None else aux
        arrays = {"log_ref": np.zeros(len(x)), "log_target": np.zeros(len(x)), **arrays}
        particles = pb.Particles(n=len(x), d=x.shape[1], a=aux.shape[1], aux=aux.tobytes(), x=x.tobytes())
        for name, array in arrays.items():
            setattr(particles, name, np.asarray(array, "<f8").tobytes())
        start = pb.SegmentStart(handle=self.handle, segment=k, backward=backward, key=key, first=first)
        getattr(start, "in").CopyFrom(particles)
        self.talk.send(start=start)
        return next(self.talk.events())

    def moved(self, *args, **kwargs) -> tuple[np.ndarray, np.ndarray]:
        """Positions and log ratios of a segment that must succeed."""
        event = self.segment(*args, **kwargs)
        assert event.WhichOneof("event") == "done", event
        out = event.done.out
        return floats(out.x, out.n, out.d), floats(event.done.log_ratio)

    def log_weights(self, n: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draws of the reference taken to the target, without resampling: where they ended, and their log weights."""
        x = self.sample(3, first, n)
        log_w = -floats(self.density(0, x).logp)
        for k in range(1, len(self.info.cuts) + 1):
            x, r = self.moved(
                k, x, first=first, log_ref=floats(self.density(0, x).logp), log_target=self.target.eval(x)
            )
            log_w = log_w + r
        return x, log_w + self.target.eval(x)


def train(h: Host, target, handle: int, pilot=(), resume=None, on_event=lambda talk, event: None, **start):
    """Events of a training, and the checkpoints that came."""
    talk = Talk(h, "Transport/Train", pb.TrainCommand, pb.TrainEvent, target)
    talk.send(start=pb.TrainStart(handle=handle, key=11, **start))
    for piece in pieces("", resume) if resume else ():
        talk.send(resume=piece)
    for chunk in pilot:
        talk.send(pilot=chunk)
    talk.send(begin=True)
    events, blobs = [], []
    for event in talk.events():
        events.append(event)
        if event.WhichOneof("event") == "checkpoint":
            blobs.append(event.checkpoint)
        on_event(talk, event)
        if event.WhichOneof("event") in ("done", "error"):
            break
    talk.close()
    return events, joined(blobs).get("") if blobs else None


def saved(h: Host, handle: int) -> list:
    """The Blobs of Transport.Save."""
    stub = h.channel.unary_stream(
        f"/{PACKAGE}.Transport/Save", pb.SaveRequest.SerializeToString, pb.SaveEvent.FromString
    )
    events = list(stub(pb.SaveRequest(handle=handle), timeout=30))
    assert all(e.WhichOneof("event") == "blob" for e in events), events
    return [e.blob for e in events]


def load(h: Host, handle: int, blobs: list):
    """The reply of Transport.Load."""
    stub = h.channel.stream_unary(
        f"/{PACKAGE}.Transport/Load", pb.LoadCommand.SerializeToString, pb.LoadReply.FromString
    )
    return stub(iter([pb.LoadCommand(handle=handle), *(pb.LoadCommand(blob=b) for b in blobs)]), timeout=30)


def levels(pilot: list) -> list:
    """A pilot as the chunks that carry it, one a level."""
    return [
        pb.PilotChunk(
            level=i,
            beta=p.beta,
            log_z=p.log_z,
            total=len(p.x),
            n=len(p.x),
            d=p.x.shape[1],
            **{name: getattr(p, name).tobytes() for name in ("log_w", "log_ref", "log_target", "x")},
        )
        for i, p in enumerate(pilot)
    ]


def mean_weight(log_w: np.ndarray, log_z: float) -> tuple[float, float]:
    """How far the mean of w / Z is from one, in standard errors; and the effective sample size as a fraction."""
    w = np.exp(log_w - log_z)
    return (w.mean() - 1) / (w.std() / np.sqrt(len(w))), w.mean() ** 2 / (w**2).mean()
