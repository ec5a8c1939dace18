"""Arrays as a safetensors file, the format that artefacts keep parameters in: eight bytes with the length of a header,
little-endian; the header, JSON with each array's type, shape and place; the arrays, row-major and little-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

import numpy as np

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_ALIGN = 8


def dumps(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The file that holds the arrays."""
    names = {np.dtype(t): name for name, t in _TYPES.items()}
    header, parts, at = {}, [], 0
    for key, value in arrays.items():
        array = np.asarray(value)
        little = array.dtype.newbyteorder("<")
        if little not in names:
            raise TypeError(f"array {key!r} is of type {array.dtype}: accepted are {', '.join(map(str, names))}")
        data = np.ascontiguousarray(array, little).tobytes()
        header[key] = {"dtype": names[little], "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGN)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def loads(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a file."""
    try:
        (size,) = struct.unpack_from("<Q", data)
        header, body = json.loads(data[8 : 8 + size]), memoryview(data)[8 + size :]
        arrays = {}
        for key, entry in header.items():
            if key != "__metadata__":
                start, end = entry["data_offsets"]
                arrays[key] = np.frombuffer(body[start:end], _TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
        return arrays
    except (struct.error, KeyError, TypeError, ValueError) as e:
        raise ValueError(f"{len(data)} bytes that are no safetensors file of known types: {e}") from None
