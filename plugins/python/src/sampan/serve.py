"""The plugin's server: gRPC on a unix socket, the handshake line, go-plugin's two services.

No generated stubs: handlers are made from the message classes, and the health reply is two bytes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from . import _stdio
from ._proto import PACKAGE, pb
from .conversation import Work, converse
from .life import Life
from .messages import InvalidError
from .plugin import PROTOCOL_MAJOR, Plugin
from .service import Service

_MAX_MESSAGE = 256 << 20
_PATH_BYTES = 103  # of a unix socket's path, the least that any system allows
_THREADS = 128  # made as needed; an open stream holds one for its life, and Shutdown must still find one
_OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
]
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse with status SERVING
_EMPTY = b""


def serve(plugin: Plugin) -> None:
    """Serve until the host says Shutdown or is gone."""
    _stdio.guard()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the host stops its plugins itself
    faulthandler.enable()
    if os.environ.get("PLUGIN_CLIENT_CERT"):
        sys.exit("sampan: the host asks for TLS, which this SDK does not speak: its socket lies in a private folder")
    path = _socket_path()
    life = Life()
    server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="sampan"), options=_OPTIONS)
    server.add_generic_rpc_handlers(_handlers(Service(plugin), life))
    server.add_insecure_port("unix:" + path)
    server.start()
    life.watch(on_loss=lambda: _remove(path))
    _stdio.write(f"1|{PROTOCOL_MAJOR}|unix|{path}|grpc|\n")
    life.wait()
    server.stop(grace=0.05).wait()
    _remove(path)
    sys.stdout.flush()
    sys.stderr.flush()


def _handlers(service: Service, life: Life) -> tuple[grpc.GenericRpcHandler, ...]:
    unary, bidi = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler

    def on(make: Callable, call: Callable[[Any], Any], request: Any, reply: Any) -> grpc.RpcMethodHandler:
        def handle(message: Any, context: grpc.ServicerContext) -> Any:
            try:
                return call(message)
            except InvalidError as e:
                return context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(e))

        return make(handle, request.FromString, reply.SerializeToString)

    def talk(work: Work, command: Any, event: Any, idle: Callable[[], Any]) -> grpc.RpcMethodHandler:
        def handle(commands: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            return converse(work, commands, context, idle)

        return bidi(handle, command.FromString, event.SerializeToString)

    def lifeline(beats: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        context.add_callback(life.lifeline_ended)
        return beats

    def shutdown(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        life.stop()
        return _EMPTY

    transports = service.transports
    services = {
        f"{PACKAGE}.Plugin": {
            "Describe": on(unary, service.describe, pb.DescribeRequest, pb.DescribeReply),
            "Create": on(unary, service.create, pb.CreateRequest, pb.CreateReply),
            "Release": on(unary, service.release, pb.ReleaseRequest, pb.ReleaseReply),
            "Counters": on(unary, service.counters, pb.CountersRequest, pb.CountersReply),
            "Lifeline": bidi(lifeline, pb.Beat.FromString, pb.Beat.SerializeToString),
        },
        f"{PACKAGE}.Target": {
            "Eval": on(unary, service.eval, pb.EvalRequest, pb.EvalReply),
            "EvalStream": on(bidi, service.eval_stream, pb.EvalRequest, pb.EvalReply),
            "Sample": on(grpc.unary_stream_rpc_method_handler, service.sample, pb.SampleRequest, pb.SampleReply),
            "Derive": on(unary, service.derive, pb.DeriveRequest, pb.DeriveReply),
        },
        f"{PACKAGE}.Transport": {
            "Segment": talk(transports.segment, pb.SegmentCommand, pb.SegmentEvent, lambda: None),
            "Sample": on(grpc.unary_stream_rpc_method_handler, transports.sample, pb.SampleRequest, pb.SampleReply),
            "Density": on(unary, transports.density, pb.DensityRequest, pb.EvalReply),
            "SetCuts": on(unary, transports.set_cuts, pb.SetCutsRequest, pb.SetCutsReply),
            "Train": talk(transports.train, pb.TrainCommand, pb.TrainEvent, lambda: pb.TrainEvent(beat=pb.Beat())),
            "Save": on(grpc.unary_stream_rpc_method_handler, transports.save, pb.SaveRequest, pb.SaveEvent),
            "Load": on(grpc.stream_unary_rpc_method_handler, transports.load, pb.LoadCommand, pb.LoadReply),
        },
        "grpc.health.v1.Health": {"Check": unary(lambda _request, _context: _SERVING)},
        "plugin.GRPCController": {"Shutdown": unary(shutdown)},
    }
    return tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items())


def _socket_path() -> str:
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.mkdtemp(prefix="sampan-")
    path = os.path.join(folder, f"{os.getpid()}.sock")
    if len(os.fsencode(path)) > _PATH_BYTES:
        sys.exit(f"sampan: socket path {path} is too long: {_PATH_BYTES} bytes are accepted; set a shorter TMPDIR")
    return path


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
