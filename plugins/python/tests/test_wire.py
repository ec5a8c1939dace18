"""A real plugin process, spoken to over its socket as the host does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import grpc
import host
import numpy as np
import pytest
from host import GRAD, LOGP, PARTS, Host, floats

from sampan._proto import pb

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "banana.py"

SOURCE = '''
import os, sys
import numpy as np
import sampan
from dataclasses import dataclass

print("printed at import")
os.write(1, b"written at import\\n")
__version__ = "1.2"


@sampan.target(dim=3, known={"log_z": 1.5, "mean": [0, 0, 0], "source": "exact"}, max_rows=100_000)
def plain(x):
    """A normal density. Not more."""
    print("printed in a call")
    os.write(1, b"written in a call\\n")
    if len(x) and x[0, 0] == 7:
        raise RuntimeError("seven\\nis refused")
    if len(x) and x[0, 0] == 8:
        return np.zeros((len(x), 1))
    if len(x) and x[0, 0] == 9:
        sys.exit("nine")
    return np.where(x[:, 0] == 5, np.nan, np.where(x[:, 0] == 6, -np.inf, -0.5 * (x**2).sum(axis=1)))

@plain.grad
def _(x):
    return np.where(x == 4, np.inf, -x)

@plain.sample
def _(draws):
    return draws.standard_normal(3)

@plain.outputs(norm=(), twice=(3,))
def _(x):
    return {"norm": np.sqrt((x**2).sum(axis=1)), "twice": 2 * x}


@sampan.likelihood(params={"mu": (), "sigma": sampan.positive((2,))}, prior_normalised=True, with_grad=True)
def apart(x):
    return -x.sum(axis=1), -np.ones_like(x)

@apart.prior
def prior(x):
    return -2 * x.sum(axis=1), -2 * np.ones_like(x)

@prior.sample
def _(draws):
    if draws.slots.max() >= 10**6:
        raise RuntimeError("no such slot")
    return draws.standard_exponential(3)


@sampan.family
def ofconfig(dim: int, scale: float = 1.0):
    if dim > 100:
        raise MemoryError("too large")
    return sampan.target(dim=dim)(lambda x: -0.5 * (x[:, 0] / scale) ** 2)
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return host.write(tmp_path_factory.mktemp("plug"), SOURCE)


@pytest.fixture(scope="module")
def running(file):
    with Host(file) as h:
        yield h


def test_handshake_line(running):
    socket = os.path.join(running.sockets.name, f"{running.process.pid}.sock")
    assert running.line == f"1|1|unix|{socket}|grpc|\n"
    assert running.raw("/grpc.health.v1.Health/Check", b"\x0a\x06plugin") == b"\x08\x01"


def test_what_is_printed_goes_to_the_log(running):
    running.eval(running.handle("plain"), np.zeros(3))
    for text in ("printed at import", "written at import", "printed in a call", "written in a call"):
        assert text in running.logged()


def test_by_hand_it_says_what_it_is(file, tmp_path):
    main = host.write(tmp_path, "import sampan\n@sampan.target(dim=1)\ndef t(x): return x[:, 0]\nsampan.main(t)\n")
    for command in (["-m", "sampan", "serve", file], [main], [main, "serve"]):
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            env=host.environment("/tmp", cookie=False),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and done.stdout == ""
        assert "This is a Sampan plugin" in done.stderr


def test_describe_agrees_on_stdout_and_on_the_wire(running, file):
    done = host.describe(file)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "printed at import" in done.stderr
    assert {k: told[k] for k in ("name", "version", "protocol")} == {"name": "plug", "version": "1.2", "protocol": [1]}
    assert told["sdk"].startswith("python ")
    assert [(c["kind"], c["name"]) for c in told["components"]] == [
        ("target", "plain"),
        ("target", "apart"),
        ("target", "ofconfig"),
    ]
    assert told["components"][0]["summary"] == "A normal density. Not more."
    assert told["components"][2]["config_schema"]["required"] == ["dim"]

    reply = running.describe()
    assert (reply.name, reply.version, reply.sdk) == (told["name"], told["version"], told["sdk"])
    for c, t in zip(reply.components, told["components"]):
        assert (c.kind, c.name, c.summary, json.loads(c.config_schema_json)) == (
            1,
            t["name"],
            t["summary"],
            t["config_schema"],
        )


def test_create_tells_capabilities_and_description(running):
    reply = running.create("plain")
    assert list(reply.caps) == [pb.value("Cap", "CAP_" + c) for c in ("GRAD", "SAMPLE", "OUTPUTS")]
    assert (reply.limits.max_rows, reply.limits.batch_dependent) == (100_000, True)
    info = reply.target
    assert (info.name, [(p.name, list(p.shape)) for p in info.params]) == ("plain", [("x", [3])])
    assert (info.known.log_z, info.known.source) == (1.5, "exact")
    assert not info.known.HasField("log_z_err") and floats(info.known.mean).tolist() == [0, 0, 0]
    assert [(p.name, list(p.shape)) for p in info.outputs] == [("norm", []), ("twice", [3])]

    reply = running.create("apart")
    assert list(reply.caps) == [pb.value("Cap", "CAP_" + c) for c in ("GRAD", "PARTS", "SAMPLE_PRIOR")]
    assert reply.target.prior_normalised and not reply.target.normalised
    assert [(p.name, p.support) for p in reply.target.params] == [("mu", 0), ("sigma", 1)]


def test_configuration(running):
    assert running.create("ofconfig", b'{"dim": 4}').target.params[0].shape == [4]
    reply = running.create("ofconfig", b'{"dims": 4, "scale": "x"}')
    assert reply.handle == 0
    assert [(p.path, p.found) for p in reply.problems] == [
        ("dims", "an unknown key"),
        ("dim", "nothing"),
        ("scale", "'x'"),
    ]
    assert 'nearest is "dim"' in reply.problems[0].accepted
    assert [p.path for p in running.create("plain", b'{"dim": 1}').problems] == ["dim"]
    failed = running.create("ofconfig", b'{"dim": 101}')
    assert (failed.handle, failed.error.code, failed.error.message) == (0, 2, "MemoryError: too large")
    assert "in ofconfig" in failed.error.traceback
    unknown = running.create("nonesuch")
    assert unknown.error.code == 1 and "accepted are the targets plain, apart, ofconfig" in unknown.error.message


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_evaluation(running, n):
    x = np.random.default_rng(n).normal(size=(n, 3))
    handle, stream = running.handle("plain"), running.stream()
    request = host.request(handle, x if n else np.empty((0, 3)), LOGP | GRAD, seq=12)
    for reply in (running.call("Target/Eval", request, pb.EvalReply), stream.ask(request)):
        assert reply.seq == 12 and not reply.status and not reply.HasField("error")
        assert np.array_equal(floats(reply.logp), -0.5 * (x**2).sum(axis=1))
        assert np.array_equal(floats(reply.grad, n, 3), -x)
        assert not reply.log_prior and not reply.grad_prior
    only = stream.ask(host.request(handle, x if n else np.empty((0, 3)), GRAD))
    assert not only.logp and len(only.grad) == 24 * n
    stream.close()


def test_parts(running):
    handle, x = running.handle("apart"), np.ones((4, 3))
    reply = running.eval(handle, x, LOGP | GRAD | PARTS)
    assert [floats(a).tolist() for a in (reply.log_prior, reply.log_lik, reply.logp)] == [[-6] * 4, [-3] * 4, [-9] * 4]
    assert [set(floats(a)) for a in (reply.grad_prior, reply.grad_lik, reply.grad)] == [{-2}, {-1}, {-3}]
    reply = running.eval(handle, x, PARTS)
    assert not reply.logp and not reply.grad_prior and len(reply.log_lik) == 32
    assert running.eval(handle, np.empty((0, 3)), LOGP | GRAD | PARTS).log_prior == b""


def test_one_bad_point_is_a_status(running):
    x = np.zeros((4, 3))
    x[:, 0] = 0, 5, 6, 4
    reply = running.eval(running.handle("plain"), x, LOGP | GRAD)
    assert list(reply.status) == [0, 2, 1, 3]
    assert np.array_equal(floats(reply.logp), [0, np.nan, -np.inf, -8], equal_nan=True)


def test_an_exception_carries_its_traceback_and_the_stream_lives_on(running):
    handle, stream = running.handle("plain"), running.stream()
    error = stream.ask(host.request(handle, [7, 0, 0], seq=3)).error
    assert (error.code, error.message) == (2, "RuntimeError: seven")
    assert error.traceback.startswith("Traceback") and "in plain" in error.traceback
    assert 'raise RuntimeError("seven' in error.traceback and "service.py" not in error.traceback
    assert stream.ask(host.request(handle, [9, 0, 0])).error.message == "SystemExit: nine"
    error = stream.ask(host.request(handle, [8, 0, 0])).error
    assert error.message == (
        "plain returned an array of shape (1, 1): accepted is an array of shape (1,), one number a point"
    )
    assert not error.traceback
    assert floats(stream.ask(host.request(handle, [1, 0, 0])).logp) == [-0.5]
    stream.close()


def test_wrong_requests(running):
    handle = running.handle("ofconfig", b'{"dim": 2}')
    for request, message in [
        (host.request(99, np.zeros((1, 2))), "handle 99"),
        (host.request(handle, np.zeros((1, 3))), "points of 3 coordinates: target ofconfig has 2"),
        (host.request(handle, np.zeros((1, 2)), GRAD), "want=2"),
        (host.request(handle, np.zeros((1, 2)), 16), "want=16"),
        (pb.EvalRequest(handle=handle, n=2, d=2, want=1, x=b"123"), "3 bytes: 2 points of 2 coordinates have 32"),
        (host.request(running.handle("plain"), np.zeros((100_001, 3))), "100000 a call at most"),
    ]:
        error = running.call("Target/Eval", request, pb.EvalReply).error
        assert error.code == 1 and message in error.message, error
    running.call("Plugin/Release", pb.ReleaseRequest(handle=handle), pb.ReleaseReply)
    assert running.eval(handle, np.zeros(2)).error.code == 1
    with pytest.raises(grpc.RpcError) as e:
        running.call("Plugin/Counters", pb.CountersRequest(handle=handle), pb.CountersReply)
    assert e.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_counters(running):
    handle = running.handle("apart")
    running.eval(handle, np.ones((4, 3)))
    running.eval(handle, np.ones((3, 3)), LOGP | GRAD)
    used = running.call("Plugin/Counters", pb.CountersRequest(handle=handle), pb.CountersReply)
    assert (used.calls, used.densities, used.gradients) == (2, 7, 3) and used.busy_ns > 0


def test_draws_come_in_order_and_depend_on_the_slot_only(running):
    def draw(handle, first, n, prior):
        chunks = running.sample(handle, 5, first, n, prior)
        assert [c.first for c in chunks] == [first + sum(c.n for c in chunks[:i]) for i in range(len(chunks))]
        return np.concatenate([floats(c.x, c.n, 3) for c in chunks])

    n = 100_000  # of 24 bytes: three chunks
    for component, prior in (("plain", False), ("apart", True)):
        handle = running.handle(component)
        whole = draw(handle, 0, n, prior)
        assert whole.shape == (n, 3)
        assert np.array_equal(draw(handle, 43_000, 1000, prior), whole[43_000:44_000])
    (failed,) = running.sample(handle, 5, 10**6, 1, True)
    assert failed.error.message == "RuntimeError: no such slot" and "in _" in failed.error.traceback
    (refused,) = running.sample(handle, 5, 0, 1, False)
    assert refused.error.code == 1


def test_derived_outputs(running):
    request = pb.DeriveRequest(handle=running.handle("plain"), n=2, x=np.array([[3.0, 4, 0], [0, 0, 1]]).tobytes())
    reply = running.call("Target/Derive", request, pb.DeriveReply)
    assert floats(reply.out, 2, 4).tolist() == [[5, 6, 8, 0], [1, 0, 0, 2]]
    request.handle = running.handle("apart")
    assert "apart has no outputs" in running.call("Target/Derive", request, pb.DeriveReply).error.message


def test_a_message_of_32_megabytes(running):
    x = np.ones((32, 1 << 17))
    reply = running.eval(running.handle("ofconfig", b'{"dim": 100}'), x[:, :100])
    assert len(reply.logp) == 8 * 32
    handle = running.handle("apart")
    reply = running.eval(handle, np.ones((1_400_000, 3)), LOGP | GRAD)
    assert not reply.HasField("error") and len(reply.grad) == 33_600_000


def test_streams_do_not_starve_other_calls(running):
    """An open stream holds a thread; Health must still be answered beside many."""
    handle = running.handle("apart")
    streams = [running.stream() for _ in range(40)]
    for s in streams:
        s.ask(host.request(handle, np.ones(3)))
    assert running.raw("/grpc.health.v1.Health/Check", timeout=2) == b"\x08\x01"
    for s in streams:
        s.close()


def test_a_file_that_calls_main(tmp_path):
    file = host.write(
        tmp_path,
        """
        import sampan

        shown = sampan.target(dim=1)(lambda x: x[:, 0])

        @sampan.target(dim=1)
        def hidden(x):
            return x[:, 0]

        print("noise")
        sampan.main(shown)
        """,
        "own-name.py",
    )
    for command in (None, [sys.executable, str(file)], [sys.executable, str(file), "serve"]):
        with Host(file, command) as h:
            assert [c.name for c in h.describe().components] == ["shown"]
            assert floats(h.eval(h.handle("shown"), [[2.0]]).logp) == [2]
            assert "noise" in h.logged()
    told = json.loads(host.describe(file).stdout)
    done = subprocess.run([sys.executable, str(file), "describe"], capture_output=True, text=True)
    assert done.returncode == 0 and told == json.loads(done.stdout.replace("noise\n", ""))
    assert told["name"] == "own-name"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nonesuch_module", "No module named 'nonesuch_module'"),
        ("x = (", "SyntaxError"),
        ("import sampan", "no target found"),
        ("import sampan\n_private = sampan.target(dim=1)(len)", "no target found"),
        ("import sampan\nö = sampan.target(dim=1)(len)", "letters, digits, - and _"),
    ],
)
def test_a_file_that_does_not_load(tmp_path, source, message):
    done = host.describe(host.write(tmp_path, source))
    assert done.returncode == 1 and done.stdout == "" and message in done.stderr


def test_usage():
    for args, code, message in (([], 2, "usage:"), (["describe", "nonesuch.py"], 1, "no such file")):
        done = subprocess.run([sys.executable, "-m", "sampan", *args], capture_output=True, text=True)
        assert done.returncode == code and message in done.stderr


def test_a_socket_path_that_is_too_long(file, tmp_path):
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "sampan", "serve", str(file)],
        env=host.environment(str(folder)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and done.stdout == "" and "103 bytes are accepted" in done.stderr


def test_the_example():
    with Host(EXAMPLE) as h:
        reply = h.eval(h.handle("banana"), [[0.0, 3.0], [10.0, 0.0]], LOGP | GRAD)
        assert floats(reply.logp).tolist() == [0, -0.5]
