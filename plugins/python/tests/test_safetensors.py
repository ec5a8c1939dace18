"""The safetensors format: as its description has it, and back."""

import json
import struct

import numpy as np
import pytest

from sampan import safetensors

ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not row-major
    "scale": np.float64(2.5),
    "none": np.empty((0, 4)),
    "count": np.array([1, -2]),
}


def test_the_bytes_are_those_described():
    data = safetensors.dumps(ARRAYS)
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    assert header["weight"] == {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]}
    assert header["scale"] == {"dtype": "F64", "shape": [], "data_offsets": [24, 32]}
    assert size % 8 == 0 and len(data) == 8 + size + 24 + 8 + 16
    assert np.frombuffer(data[8 + size :][:24], "<f4").tolist() == [0, 3, 1, 4, 2, 5]


def test_back_again():
    back = safetensors.loads(safetensors.dumps(ARRAYS))
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(back[name], array) and back[name].dtype == array.dtype and back[name].flags.writeable


def test_what_is_refused():
    data = safetensors.dumps(ARRAYS)
    for bad in (b"", data[:20], data[:-1], b"\xff" * 64, data.replace(b'"F32"', b'"F33"')):
        with pytest.raises(ValueError, match="no safetensors file"):
            safetensors.loads(bad)
    with pytest.raises(TypeError, match="of type complex128: accepted are float64"):
        safetensors.dumps({"a": np.zeros(2, complex)})
