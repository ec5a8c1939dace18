"""The generator against published answers, exact arithmetic and the Go package."""

import json
from pathlib import Path

import numpy as np
import pytest

from sampan.random import Draws, Key, _philox

DATA = Path(__file__).parent / "data"


def table(name):
    return json.loads((DATA / name).read_text())


def test_philox_known_answers():
    cases = [c for c in table("philox.json")["cases"] if c["generator"] == "philox4x32"]
    assert len(cases) >= 10
    for case in cases:
        counter = [np.array([int(w, 16)], np.uint64) for w in case["counter"]]
        low, high = (int(w, 16) for w in case["key"])
        words = _philox(counter, low | high << 32, rounds=case["rounds"])
        assert [f"{int(w[0]):08x}" for w in words] == case["output"]


def test_uniforms_and_normals_against_exact_arithmetic(monkeypatch):
    for case in table("boxmuller.json")["cases"]:
        words = np.array([int(w, 16) for w in case["words"]], np.uint32)
        monkeypatch.setattr(Key, "block", lambda self, *_, words=words: words[None])
        assert Key(0).uniforms(2, 0).tolist() == case["uniform53"]
        if case["words"][:2] == ["ffffffff", "ffffffff"]:
            continue  # this uniform is 1 - 2^-54, which rounds to 1
        exact = np.array(case["normals_from_uniform53"])
        radius = np.hypot(*exact)
        rounding = 2.0**-54 / radius  # of a uniform near 1, where its last bit is 2^-53
        assert np.abs(Key(0).normals(2, 0) - exact).max() <= 1e-15 * max(1, radius) + rounding


@pytest.mark.parametrize("case", table("streams.json")["keys"], ids=lambda c: f"{c['seed']}-{c['purpose']}")
def test_keys_are_those_of_go(case):
    key = Key.derive(case["seed"], case["purpose"], case["island"])
    assert f"{key.word:016x}" == case["key"]


def test_streams_are_those_of_go():
    for case in table("streams.json")["streams"]:
        key = Key(int(case["key"], 16))
        counter = case["slot"], case["stage"], case["inner"]
        assert [f"{w:08x}" for w in key.block(*counter)] == case["words"]
        assert key.uniforms(5, *counter).tolist() == case["uniforms"]
        assert np.abs(key.normals(5, *counter) - case["normals"]).max() < 1e-14


def test_arrays_of_counters_are_their_rows():
    key = Key.derive(1, "test")
    slots = np.arange(7)
    for draw in (key.uniforms, key.normals):
        together = draw(3, slots, 2, 5)
        assert together.shape == (7, 3)
        assert np.array_equal(together, np.stack([draw(3, s, 2, 5) for s in slots]))
        assert draw(3, slots[:, None], np.arange(2)).shape == (7, 2, 3)


def test_draws_depend_on_key_and_slot_only():
    def sample(draws):
        gammas = np.array([g.gamma(2.0, size=2) for g in draws.generators()]).reshape(draws.n, 2)
        parts = draws.standard_normal(3), draws.random()[:, None], draws.standard_exponential((2, 2)).reshape(-1, 4)
        return np.concatenate([*parts, gammas], axis=1)

    whole = sample(Draws(9, 0, 100))
    for first, n in ((0, 1), (0, 17), (17, 50), (99, 1)):
        assert np.array_equal(sample(Draws(9, first, n)), whole[first : first + n])
    assert not np.array_equal(sample(Draws(8, 0, 100)), whole)
    assert not (sample(Draws(9, 0, 100, stage=1)) == whole).any()
    assert sample(Draws(9, 0, 0)).shape == (0, 10)


def test_two_calls_take_different_numbers():
    draws = Draws(9, 0, 5)
    assert not np.array_equal(draws.standard_normal(2), draws.standard_normal(2))


def test_normals_are_normal():
    """Mean, variance and fourth moment of 2e5 normals within 5 standard errors: false alarm 2e-6 (over three), and
    the seed is fixed. The square root or the minus sign left out of Box and Muller fails all three.
    """
    z = Key.derive(3, "moments").normals(2, np.arange(100_000)).ravel()
    root = np.sqrt(z.size)
    assert abs(z.mean()) < 5 / root
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2) / root
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96) / root
