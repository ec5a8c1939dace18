"""Random numbers by counter: a draw depends on what it is for, never on who made it or in which batch.

The generator is Philox4x32-10, ten rounds of a keyed bijection of a 128-bit counter (Salmon, Moraes, Dror and Shaw,
"Parallel random numbers: as easy as 1, 2, 3", SC 2011). Everywhere in Sampan

    key     = hash(seed, purpose, island)
    counter = (slot, stage, inner step, block)

It is the generator of the Go package ``vec/rng``: words and uniforms agree to the bit, normals to the last digits of
log, sin and cos. Everything here is vectorised: slot, stage, inner and block are integers or arrays of them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

Shape = Union[int, tuple[int, ...]]

_MUL = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)  # golden ratio, sqrt(3) - 1
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


@dataclass(frozen=True)
class Key:
    """Selects a family of independent streams."""

    word: int  # 64 bits; the low half is Philox's first key word

    @classmethod
    def derive(cls, seed: int, purpose: str, island: int = 0) -> Key:
        """The key of (seed, purpose, island): the first eight bytes, little-endian, of
        SHA-256("sampan/rng/1" + seed as 8 bytes LE + island as 8 bytes LE + purpose).
        """
        mask = (1 << 64) - 1
        head = b"sampan/rng/1" + struct.pack("<QQ", seed & mask, island & mask)
        return cls(int.from_bytes(hashlib.sha256(head + purpose.encode()).digest()[:8], "little"))

    def block(self, slot, stage=0, inner=0, block=0) -> np.ndarray:
        """The four random words of each counter: uint32 of shape (..., 4), the arguments broadcast."""
        counter = np.broadcast_arrays(*(np.asarray(c, np.uint64) for c in (slot, stage, inner, block)))
        return np.stack(_philox(counter, self.word), axis=-1).astype(np.uint32)

    def uniforms(self, count: int, slot, stage=0, inner=0) -> np.ndarray:
        """Uniforms on the open interval (0, 1), of 53 bits: shape (..., count), one row a counter."""
        return _flat(self._pairs(count, slot, stage, inner))[..., :count]

    def normals(self, count: int, slot, stage=0, inner=0) -> np.ndarray:
        """Standard normals by Box and Muller (1958): shape (..., count), one row a counter."""
        u = self._pairs(count, slot, stage, inner)
        radius = np.sqrt(-2 * np.log(u[..., :1]))
        angle = 2 * np.pi * u[..., 1:]
        z = radius * np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)
        return _flat(z)[..., :count]

    def _pairs(self, count: int, slot, stage, inner) -> np.ndarray:
        """Uniforms two a block: shape (..., blocks, 2)."""
        slot, stage, inner = (np.asarray(c, np.uint64)[..., None] for c in (slot, stage, inner))
        w = self.block(slot, stage, inner, np.arange((count + 1) // 2, dtype=np.uint64)).astype(np.uint64)
        bits = (w[..., 1::2] << _WORD | w[..., 0::2]) >> np.uint64(11)
        return (bits.astype(np.float64) + 0.5) / float(1 << 53)


class Draws:
    """What a draw function or a segment draws with: one stream for each of ``n`` slots.

    Every call returns one row a slot, and takes new numbers. A row depends on the key, its slot and the stage only,
    whatever ``n`` is: keep it so, by computing each row of the answer from its own rows.
    """

    def __init__(self, key: Key | int, first: int, n: int, stage: int = 0):
        self.key = key if isinstance(key, Key) else Key(key)
        self.stage = stage
        self.slots = np.arange(first, first + n, dtype=np.uint64)
        self.n = n
        self._calls = 0

    def random(self, size: Shape = ()) -> np.ndarray:
        """Uniforms on (0, 1), of shape (n, *size)."""
        shape = _as_shape(size)
        return self.key.uniforms(_size(shape), self.slots, self.stage, self._next()).reshape(self.n, *shape)

    def standard_normal(self, size: Shape = ()) -> np.ndarray:
        """Standard normals, of shape (n, *size)."""
        shape = _as_shape(size)
        return self.key.normals(_size(shape), self.slots, self.stage, self._next()).reshape(self.n, *shape)

    def standard_exponential(self, size: Shape = ()) -> np.ndarray:
        """Exponentials of mean one, of shape (n, *size)."""
        return -np.log(self.random(size))

    def generators(self) -> Iterator[np.random.Generator]:
        """A numpy generator for each slot, for distributions that are not here: gamma, Dirichlet ... Slower: one row
        at a time.
        """
        words = self.key.block(self.slots, self.stage, self._next()).tolist()
        return (np.random.Generator(np.random.PCG64(row)) for row in words)

    def _next(self) -> int:
        self._calls += 1
        return self._calls - 1


def _philox(counter: Sequence[np.ndarray], key: int, rounds: int = 10) -> Sequence[np.ndarray]:
    """Philox4x32 of four counter words, in uint64 arrays of values below 2**32."""
    c0, c1, c2, c3 = counter
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(rounds):
        p0, p1 = _MUL[0] * c0, _MUL[1] * c2
        c0, c1, c2, c3 = (p1 >> _WORD) ^ c1 ^ np.uint64(k0), p1 & _LOW, (p0 >> _WORD) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _flat(pairs: np.ndarray) -> np.ndarray:
    """Shape (..., blocks, 2) to (..., 2 blocks)."""
    return pairs.reshape(*pairs.shape[:-2], 2 * pairs.shape[-2])


def _as_shape(size: Shape) -> tuple[int, ...]:
    return (size,) if isinstance(size, int) else tuple(size)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
