"""Families: configuration in, target or a word about each fault out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional

import pytest

import sampan
from sampan.config import ConfigError


@dataclass
class Prior:
    scale: float
    kind: Literal["normal", "student"] = "normal"
    knots: list[int] = field(default_factory=list)


SEEN = {}


@sampan.family
def model(
    data: Path,
    prior: Prior,
    dim: int = 2,
    scale: float = 1.0,
    name: str = "m",
    deep: bool = False,
    start: Optional[float] = None,  # noqa: UP045
    extra: Any = None,
):
    """A family of everything."""
    SEEN.clear()
    SEEN.update(data=data, prior=prior, dim=dim, scale=scale, name=name, deep=deep, start=start, extra=extra)
    return sampan.target(dim=dim)(lambda x: x[:, 0])


def test_types_and_defaults(tmp_path):
    (tmp_path / "d.csv").touch()
    config = {"data": "d.csv", "prior": {"scale": 2, "knots": [1, 2]}, "dim": 3, "scale": 4, "extra": {"a": [1]}}
    assert model.make(config, str(tmp_path)).dim == 3
    assert {
        "data": tmp_path / "d.csv",
        "prior": Prior(2.0, "normal", [1, 2]),
        "dim": 3,
        "scale": 4.0,
        "name": "m",
        "deep": False,
        "start": None,
        "extra": {"a": [1]},
    } == SEEN
    assert isinstance(SEEN["scale"], float) and isinstance(SEEN["prior"].scale, float)


def test_every_fault_is_told_at_once():
    config = {
        "prior": {"scal": 1, "kind": "cauchy", "knots": [1, "x"]},
        "dim": 2.5,
        "deep": 1,
        "name": 3,
        "nme": 1,
        "start": "soon",
    }
    with pytest.raises(ConfigError) as e:
        model.make(config)
    keys = "data, prior, dim, scale, name, deep, start, extra"
    assert sorted(e.value.problems) == sorted(
        [
            ("nme", "an unknown key", f'one of {keys}; nearest is "name"'),
            ("data", "nothing", "the path of a file or folder, relative to the run file"),
            ("prior.scal", "an unknown key", 'one of scale, kind, knots; nearest is "scale"'),
            ("prior.scale", "nothing", "a number"),
            ("prior.kind", "'cauchy'", "one of 'normal', 'student'"),
            ("prior.knots[1]", "'x'", "a whole number"),
            ("dim", "2.5", "a whole number"),
            ("deep", "1", "true or false"),
            ("name", "3", "a string"),
            ("start", "'soon'", "a number"),
        ]
    )


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError) as e:
        model.make({"data": "d.csv", "prior": {"scale": 2}}, str(tmp_path))
    accepted = "the path of a file or folder, relative to the run file"
    assert e.value.problems == [("data", f"'d.csv', and there is no {tmp_path / 'd.csv'}", accepted)]


def test_a_table_where_a_number_stands(tmp_path):
    with pytest.raises(ConfigError) as e:
        model.make({"data": ".", "prior": 3}, str(tmp_path))
    assert e.value.problems == [("prior", "3", "a table of scale, kind, knots")]


def test_the_family_itself_may_refuse():
    @sampan.family
    def picky(n: int = 1):
        raise sampan.ConfigError("n", n, "an even number")

    with pytest.raises(ConfigError) as e:
        picky.make({"n": 3})
    assert e.value.problems == [("n", "3", "an even number")]


def test_schema():
    assert model.schema() == {
        "type": "object",
        "properties": {
            "data": {"type": "string"},
            "prior": {
                "type": "object",
                "properties": {
                    "scale": {"type": "number"},
                    "kind": {"enum": ["normal", "student"], "default": "normal"},
                    "knots": {"type": "array", "items": {"type": "integer"}},
                },
                "additionalProperties": False,
                "required": ["scale"],
            },
            "dim": {"type": "integer", "default": 2},
            "scale": {"type": "number", "default": 1.0},
            "name": {"type": "string", "default": "m"},
            "deep": {"type": "boolean", "default": False},
            "start": {"type": "number"},
            "extra": {},
        },
        "additionalProperties": False,
        "required": ["data", "prior"],
    }


def test_what_cannot_be_a_family():
    def stars(*args):
        pass

    def bytes_(data: bytes):
        pass

    with pytest.raises(TypeError, match="named parameters only"):
        sampan.family(stars)
    with pytest.raises(TypeError, match="cannot be configured"):
        sampan.family(bytes_)

    @sampan.family
    def wrong(n: int = 1):
        return n

    with pytest.raises(TypeError, match="returned an object of type int: accepted is a target"):
        wrong.make({})
