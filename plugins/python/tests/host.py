"""A plain gRPC client that starts a plugin as the host does, for tests on the wire."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import grpc
import numpy as np

from sampan._proto import PACKAGE, pb
from sampan._stdio import COOKIE_KEY, COOKIE_VALUE

LOGP, GRAD, PARTS = 1, 2, 4
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def environment(folder: str, cookie: bool = True) -> dict[str, str]:
    """What the host sets for a plugin."""
    env = {k: v for k, v in os.environ.items() if k != COOKIE_KEY}
    env.update(PLUGIN_PROTOCOL_VERSIONS="1", PLUGIN_UNIX_SOCKET_DIR=folder)
    return {**env, COOKIE_KEY: COOKIE_VALUE} if cookie else env


def write(folder: Path, source: str, name: str = "plug.py") -> Path:
    """A plugin's file."""
    file = folder / name
    file.write_text(textwrap.dedent(source))
    return file


def describe(file: Path) -> subprocess.CompletedProcess:
    """Run ``python -m sampan describe``."""
    return subprocess.run([sys.executable, "-m", "sampan", "describe", str(file)], capture_output=True, text=True)


class Host:
    """A running plugin. Use as a context manager."""

    def __init__(self, file: Path, command: list[str] | None = None):
        self.file = file
        self.command = command or [sys.executable, "-m", "sampan", "serve", str(file)]
        self.line = ""

    def __enter__(self) -> Host:
        self.sockets = tempfile.TemporaryDirectory(prefix="sp")  # short: a socket's path has 103 bytes at most
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            self.command,
            env=environment(self.sockets.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            start_new_session=True,
        )
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        self.line = self.process.stdout.readline().decode() if ready else ""
        fields = self.line.rstrip("\n").split("|")
        assert len(fields) >= 5, f"no handshake but {self.line!r}; the log:\n{self.logged()}"
        self.channel = grpc.insecure_channel(f"unix:{fields[3]}", options=OPTIONS)
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        self.sockets.cleanup()

    def logged(self) -> str:
        """What the plugin wrote to its standard error so far."""
        self.log.seek(0)
        return self.log.read()

    def call(self, method: str, request, reply, timeout: float = 30):
        """A unary call of /PACKAGE.Service/Method."""
        stub = self.channel.unary_unary(f"/{PACKAGE}.{method}", type(request).SerializeToString, reply.FromString)
        return stub(request, timeout=timeout)

    def raw(self, method: str, data: bytes = b"", timeout: float = 30) -> bytes:
        """A unary call of bytes."""
        return self.channel.unary_unary(method)(data, timeout=timeout)

    def describe(self):
        return self.call("Plugin/Describe", pb.DescribeRequest(host="test"), pb.DescribeReply)

    def create(self, name: str, config: bytes = b"{}", folder: str = ""):
        request = pb.CreateRequest(kind=1, name=name, config_json=config, folder=folder)
        return self.call("Plugin/Create", request, pb.CreateReply)

    def handle(self, name: str, config: bytes = b"{}") -> int:
        reply = self.create(name, config)
        assert reply.handle, reply
        return reply.handle

    def eval(self, handle: int, x, want: int = LOGP):
        return self.call("Target/Eval", request(handle, x, want), pb.EvalReply)

    def sample(self, handle: int, key: int, first: int, n: int, prior: bool = False):
        stub = self.channel.unary_stream(
            f"/{PACKAGE}.Target/Sample", pb.SampleRequest.SerializeToString, pb.SampleReply.FromString
        )
        return list(stub(pb.SampleRequest(handle=handle, key=key, first=first, n=n, prior=prior), timeout=30))

    def stream(self) -> Stream:
        return Stream(self.channel, "Target/EvalStream", pb.EvalRequest, pb.EvalReply)

    def lifeline(self) -> Stream:
        return Stream(self.channel, "Plugin/Lifeline", pb.Beat, pb.Beat)

    def shutdown(self) -> None:
        self.raw("/plugin.GRPCController/Shutdown")


class Stream:
    """A bidirectional stream that is held open: one request, one reply."""

    def __init__(self, channel: grpc.Channel, method: str, request, reply):
        stub = channel.stream_stream(f"/{PACKAGE}.{method}", request.SerializeToString, reply.FromString)
        self._requests: queue.SimpleQueue = queue.SimpleQueue()
        self.call = stub(iter(self._requests.get, None))

    def ask(self, request):
        self._requests.put(request)
        return next(self.call)

    def close(self) -> None:
        self._requests.put(None)


def request(handle: int, x, want: int = LOGP, seq: int = 0):
    x = np.atleast_2d(np.asarray(x, "<f8"))
    return pb.EvalRequest(handle=handle, seq=seq, n=x.shape[0], d=x.shape[1], want=want, x=x.tobytes())


def floats(data: bytes, *shape: int) -> np.ndarray:
    return np.frombuffer(data, "<f8").reshape(shape or -1)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition, seconds: float) -> bool:
    """Wait for a condition, at most so long; whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
