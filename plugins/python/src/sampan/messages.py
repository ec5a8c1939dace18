"""What all services share: failures as messages, arrays as bytes and back, files in pieces."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ._proto import pb
from .evaluate import BadReturnError
from .params import Params

LOGP, GRAD, PARTS = (pb.value("Want", "WANT_" + name) for name in ("LOGP", "GRAD", "PARTS"))
PIECE_BYTES = 1 << 20  # of bulk in one message of a stream
_INVALID, _FAILED = 1, 2  # CallError.Code
_HERE = str(Path(__file__).parent)


class InvalidError(Exception):
    """The request was wrong."""


def cap(name: str) -> int:
    """The number of a capability."""
    return pb.value("Cap", "CAP_" + name)


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


def to_bytes(array: np.ndarray | None) -> bytes:
    """An array as the wire has it; None is empty."""
    return b"" if array is None else np.asarray(array, "<f8").tobytes()


def floats(label: str, data: bytes, *shape: int) -> np.ndarray:
    """Bytes of the wire as an array of the shape they must have; it is not to be written to."""
    if len(data) != 8 * int(np.prod(shape)):
        raise InvalidError(f"{label} has {len(data)} bytes: an array of shape {shape} has {8 * int(np.prod(shape))}")
    return np.frombuffer(data, "<f8").reshape(shape) if data else np.empty(shape)


def points(data: bytes, n: int, d: int) -> np.ndarray:
    """The points of a request, (n, d)."""
    if len(data) != 8 * n * d:
        raise InvalidError(f"x has {len(data)} bytes: {n} points of {d} coordinates have {8 * n * d}")
    return floats("x", data, n, d)


def param_messages(params: Params) -> list[Any]:
    """Parameters as messages."""
    return [
        pb.Param(name=name, shape=p.shape, support=pb.value("Support", "SUPPORT_" + p.support.upper()))
        for name, p in params.blocks.items()
    ]


def pieces(name: str, data: bytes) -> Iterator[Any]:
    """A file, or a checkpoint of no name, as the Blobs that carry it."""
    digest = hashlib.sha256(data).digest()
    for at in range(0, len(data) or 1, PIECE_BYTES):
        part = data[at : at + PIECE_BYTES]
        yield pb.Blob(name=name, offset=at, total=len(data), sha256=digest, data=part)


def joined(blobs: Iterable[Any]) -> dict[str, bytes]:
    """The files that Blobs carry, by name; whatever is missing or damaged is refused."""
    files: dict[str, bytearray] = {}
    last: dict[str, Any] = {}
    for blob in blobs:
        have = files.setdefault(blob.name, bytearray())
        if blob.offset != len(have):
            raise InvalidError(
                f"file {blob.name!r}: a piece at {blob.offset}, accepted is the next one, at {len(have)}"
            )
        have += blob.data
        last[blob.name] = blob
    for name, data in files.items():
        if len(data) != last[name].total or hashlib.sha256(data).digest() != last[name].sha256:
            raise InvalidError(f"file {name!r}: {len(data)} bytes of {last[name].total}, or they are not those sent")
    return {name: bytes(data) for name, data in files.items()}
