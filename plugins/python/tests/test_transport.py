"""Transports through the wire: what the host is told, asked and answered."""

import json
import threading

import host
import numpy as np
import pytest
from host import GRAD, LOGP, Host, floats
from path import TRANSPORT, Path, Talk, bowl, create

import sampan
from sampan._proto import pb

SOURCE = '''
import os
import numpy as np
import sampan


@sampan.target(dim=2, with_grad=True)
def ridge(x):
    return -0.25 * (x**2).sum(axis=1), -0.5 * x


class Shift(sampan.Transport):
    """A map and a noise. Nothing learned."""

    aux = 1
    max_rows = 5000

    def __init__(self, target, by: float = 1.0, fail: str = ""):
        super().__init__(target)
        if by > 100:
            raise sampan.ConfigError("by", by, "at most 100")
        self.by, self.fail = by, fail
        self.reference = sampan.normal(np.zeros(target.dim), 2.0)
        self.set_cuts(4)

    def set_cuts(self, n):
        self.cuts = [0.5, ridge, None][: n - 1] + [1.0]

    def segment(self, k, particles, draws):
        print("printed in a segment")
        os.write(1, b"written in a segment\\n")
        x = particles.x
        if self.fail == "raise":
            raise RuntimeError("seven\\nis refused")
        if self.fail == "shape":
            return x, np.zeros((len(x), 1)), particles.aux
        if self.fail == "tuple":
            return x
        logp, grad = self.target.eval(x, grad=True)
        y = x + self.by + 0.1 * grad + 0.01 * draws.standard_normal(x.shape[1])
        aux = particles.aux + draws.random()[:, None]
        return np.where(x == 7, np.nan, y), np.where(x[:, 0] == 8, np.nan, logp), aux

    def backward(self, k, particles, draws):
        return particles.x - self.by, np.full(len(particles.x), float(k)), particles.aux


class Plain(sampan.Transport):
    needs_target = False
    deterministic = True
    order = 4

    def segment(self, k, particles, draws):
        return particles.x, particles.log_target - particles.log_ref
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return host.write(tmp_path_factory.mktemp("plug"), SOURCE)


@pytest.fixture(scope="module")
def running(file):
    with Host(file) as h:
        yield h


def caps(*names):
    return [pb.value("Cap", "CAP_" + name) for name in names]


def points(n, d=2):
    return np.random.default_rng(n).normal(size=(n, d))


def test_description(running, file):
    told = json.loads(host.describe(file).stdout)["components"]
    assert [(c["kind"], c["name"]) for c in told] == [("target", "ridge"), ("transport", "Shift"), ("transport", "Plain")]
    assert told[1]["summary"] == "A map and a noise. Nothing learned."
    assert told[1]["config_schema"]["properties"]["by"] == {"type": "number", "default": 1.0}
    assert [(c.kind, c.name) for c in running.describe().components][:2] == [(1, "ridge"), (TRANSPORT, "Shift")]


def test_create_tells_what_it_is(running):
    reply = create(running, "Shift", bowl)
    assert list(reply.caps) == caps("REFERENCE", "OWN_DENSITY", "OWN_GRAD", "BACKWARD", "SET_CUTS", "NEEDS_TARGET")
    assert (reply.limits.max_rows, reply.limits.batch_dependent) == (5000, True)
    assert (reply.transport.aux, reply.transport.discretised, reply.transport.deterministic) == (1, False, False)
    assert [c.WhichOneof("at") for c in reply.transport.cuts] == ["beta", "own", "none", "beta"]
    assert (reply.transport.cuts[0].beta, reply.transport.cuts[3].beta) == (0.5, 1)
    reply = create(running, "Plain", bowl)
    assert list(reply.caps) == []
    info = reply.transport
    assert (info.name, info.aux, info.discretised, info.order, info.deterministic) == ("Plain", 0, True, 4, True)
    assert [c.beta for c in info.cuts] == [1]


def test_what_is_refused_when_it_is_made(running):
    reply = create(running, "Shift", bowl, b'{"by": 101, "to": 1}')
    assert [(p.path, p.found) for p in reply.problems] == [("to", "an unknown key")] and not reply.handle
    assert [p.path for p in create(running, "Shift", bowl, b'{"by": 101}').problems] == ["by"]
    wide = create(running, "Shift", sampan.normal(np.zeros(3), 1.0))
    assert "ridge is a density of 2 coordinates: accepted are 3" in wide.error.message
    assert "accepted are the transports Shift, Plain" in create(running, "ridge", bowl).error.message
    request = pb.CreateRequest(kind=TRANSPORT, name="Plain")
    assert "none was told of" in running.call("Plugin/Create", request, pb.CreateReply).error.message


def test_a_segment(running):
    path, x, aux = Path(running, "Shift", bowl), points(50), np.ones((50, 1))
    done = path.segment(1, x, aux).done
    out = done.out
    y, a = floats(out.x, 50, 2), floats(out.aux, 50, 1)
    assert np.abs(y - (x + 1 - 0.1 * x)).max() < 0.1 and ((a > 1) & (a < 2)).all()
    assert np.array_equal(floats(done.log_ratio), bowl.eval(x)) and not done.status and not out.log_own
    assert [(ask.n, ask.d, ask.want) for ask in path.talk.asks] == [(50, 2, LOGP | GRAD)]
    assert np.array_equal(floats(path.talk.asks[0].x, 50, 2), x)
    out = path.segment(2, x, aux).done.out
    y = floats(out.x, 50, 2)
    assert np.allclose(floats(out.log_own), -0.25 * (y**2).sum(axis=1), rtol=1e-14)
    event = path.segment(3, x, aux, backward=True, log_own=np.zeros(50))
    assert np.array_equal(floats(event.done.out.x, 50, 2), x - 1) and set(floats(event.done.log_ratio)) == {3}
    assert np.allclose(floats(event.done.out.log_own), -0.25 * ((x - 1) ** 2).sum(axis=1), rtol=1e-14)
    for text in ("printed in a segment", "written in a segment"):
        assert text in running.logged()


def test_rows_depend_on_key_segment_and_slot_only(running):
    path, x, aux = Path(running, "Shift", bowl), points(300), np.zeros((300, 1))

    def run(k, first=0, n=300, key=7):
        out = path.segment(k, x[first : first + n], aux[first : first + n], first=first, key=key).done.out
        return np.concatenate([floats(out.x, n, 2), floats(out.aux, n, 1)], axis=1)

    whole = run(1)
    assert np.array_equal(run(1), whole)
    for first, n in ((0, 1), (13, 100), (299, 1)):
        assert np.array_equal(run(1, first, n), whole[first : first + n])
    assert not (run(1, key=8)[:, 2] == whole[:, 2]).any() and not (run(3)[:, 2] == whole[:, 2]).any()


def test_one_bad_particle_is_a_status(running):
    path, x = Path(running, "Shift", bowl), np.zeros((4, 2))
    x[1:3, 0] = 7, 8
    done = path.segment(1, x, np.zeros((4, 1))).done
    assert list(done.status) == [0, 2, 2, 0]


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        ("raise", "RuntimeError: seven"),
        ("shape", "Shift.segment: log ratios returned an array of shape (5, 1): accepted is an array of shape (5,), "),
        (
            "tuple",
            "Shift.segment returned a ndarray of shape (5, 2): accepted is a tuple of positions, log ratios and aux",
        ),
    ],
)
def test_an_exception_carries_its_traceback_and_the_stream_lives_on(running, fail, message):
    path, good = Path(running, "Shift", bowl, json.dumps({"fail": fail}).encode()), Path(running, "Shift", bowl)
    x, aux = points(5), np.zeros((5, 1))
    error = path.segment(1, x, aux).error
    assert error.code == 2 and error.message.startswith(message)
    if fail == "raise":
        assert error.traceback.startswith("Traceback") and "in segment" in error.traceback
        assert "service.py" not in error.traceback and "transport.py" not in error.traceback
    path.handle = good.handle
    assert path.segment(1, x, aux).WhichOneof("event") == "done"


def test_wrong_requests(running):
    path, x = Path(running, "Shift", bowl), points(2)
    for kwargs, message in [
        ({"k": 5}, "segment 5: transport Shift has 4"),
        ({"k": 1, "aux": np.zeros((2, 3))}, "particles of 2 + 3 coordinates: transport Shift has 2 + 1"),
        ({"k": 1, "log_ref": np.zeros(3)}, "log_ref has 24 bytes"),
    ]:
        error = path.segment(x=x, **{"aux": np.zeros((2, 1)), **kwargs}).error
        assert error.code == 1 and message in error.message
    path.handle = 99
    assert "handle 99" in path.segment(1, x).error.message
    plain = Path(running, "Plain", bowl)
    assert "does not go backward" in plain.segment(1, x, backward=True).error.message
    assert "has its cuts where they are" in set_cuts(plain, 2).error.message
    assert "no density of its own" in plain.density(0, x).error.message


def test_a_target_that_fails(running):
    class Broken:
        name, dim, has_grad = "broken", 2, True

        def eval(self, x, grad=False):
            raise ZeroDivisionError

    path = Path(running, "Shift", Broken())
    path.talk.answer = lambda ask: pb.EvalReply(error=pb.CallError(code=2, message="no luck"))
    assert path.segment(1, points(2), np.zeros((2, 1))).error.message == "TargetError: target broken: no luck"
    path.talk.answer = lambda ask: pb.EvalReply(logp=b"12345678")
    assert "logp has 8 bytes" in path.segment(1, points(2), np.zeros((2, 1))).error.message


def test_a_host_that_hangs_up_in_the_middle(running):
    """The segment that waits for an answer ends, and the transport can be used again."""
    path, asked = Path(running, "Shift", bowl), threading.Event()

    def hang_up(ask):
        asked.set()
        path.talk.call.cancel()
        raise TimeoutError

    path.talk.answer = hang_up
    with pytest.raises(TimeoutError):
        path.segment(1, points(2), np.zeros((2, 1)))
    assert asked.is_set()
    path.talk = Talk(running, "Transport/Segment", pb.SegmentCommand, pb.SegmentEvent, bowl)
    assert path.segment(1, points(2), np.zeros((2, 1))).WhichOneof("event") == "done"


def set_cuts(path, n):
    request = pb.SetCutsRequest(handle=path.handle, segments=n)
    return path.h.call("Transport/SetCuts", request, pb.SetCutsReply)


def test_cuts_and_densities(running):
    path, x = Path(running, "Shift", bowl), points(20)
    reply = path.density(0, x, LOGP | GRAD)
    assert np.allclose(floats(reply.logp), -(x**2).sum(axis=1) / 8 - np.log(8 * np.pi), rtol=1e-14)
    assert np.allclose(floats(reply.grad, 20, 2), -x / 4, rtol=1e-14)
    assert np.allclose(floats(path.density(2, x, GRAD).grad, 20, 2), -x / 2) and not path.density(2, x, GRAD).logp
    assert "no density of its own" in path.density(1, x).error.message
    assert [c.WhichOneof("at") for c in set_cuts(path, 2).transport.cuts] == ["beta", "beta"]
    assert "transport Shift has 2" in path.segment(3, x, np.zeros((20, 1))).error.message


def test_draws_of_the_reference(running):
    path = Path(running, "Shift", bowl)
    whole = path.sample(5, 0, 70_000)
    assert np.array_equal(path.sample(5, 69_000, 1000), whole[69_000:])
    assert abs(whole.std() - 2) < 0.03


def test_outside_of_a_run():
    """A transport tried out on a target in Python; E[w] within 4.5 standard errors of Z, false alarm 7e-6."""
    names: dict = {}
    exec(SOURCE, names)
    shift = names["Plain"](bowl)
    with pytest.raises(ValueError, match="no reference of its own"):
        shift.log_weights(10)

    class Step(sampan.Transport):
        def __init__(self, target):
            super().__init__(target)
            self.reference, self.cuts = sampan.normal(np.zeros(2), 1.5), [0.5, 1.0]

        def segment(self, k, particles, draws):
            x, xi = particles.x, draws.standard_normal(2)
            y = 0.8 * x + 0.6 * xi
            return y, 0.5 * (xi**2).sum(axis=1) - 0.5 * ((x - 0.8 * y) ** 2).sum(axis=1) / 0.36

    w = np.exp(Step(bowl).log_weights(20_000))
    assert abs(w.mean() - 2 * np.pi) < 4.5 * w.std() / np.sqrt(len(w))
    with pytest.raises(RuntimeError, match="nobody is there to answer"):
        sampan.asking.HostTarget(pb.TargetRef(info=pb.TargetInfo(params=[pb.Param(shape=[2])]))).eval(np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ([], "the last 1.0, the target"),
        ([0.5], "the last 1.0, the target"),
        ([0.5, 0.5, 1.0], "accepted are rising numbers"),
        ([0.0, 1.0], "accepted are rising numbers"),
        ([sampan.normal([0.0], 1.0), 1.0], "a density of 1 coordinates: accepted are 2"),
    ],
)
def test_cuts_that_make_no_path(cuts, message):
    class Still(sampan.Transport):
        reference = sampan.normal(np.zeros(2), 1.0)

        def segment(self, k, particles, draws):
            return particles.x, np.zeros(len(particles.x))

    still = Still(bowl)
    still.cuts = cuts
    with pytest.raises(ValueError, match=message):
        still.log_weights(1)
