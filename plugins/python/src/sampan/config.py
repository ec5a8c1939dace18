"""Configuration: ``[target.config]`` and ``[sampler.transport.config]`` of the run file.

The keyword parameters of a family's function, and of a transport's ``__init__``, are the keys of the configuration:
their names, types and defaults. A parameter without default must be given; one annotated with a dataclass is a table
of its own.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .target import Target

_TYPES = "bool, int, float, str, list, dict, pathlib.Path, Literal, list[T], Optional[T] and dataclasses of these"
_MISSING = inspect.Parameter.empty
_SCALARS: dict[Any, tuple[str, str]] = {  # type: what is said in messages, and in JSON Schema
    bool: ("true or false", "boolean"),
    int: ("a whole number", "integer"),
    float: ("a number", "number"),
    str: ("a string", "string"),
    Path: ("the path of a file or folder, relative to the run file", "string"),
    list: ("a list", "array"),
    dict: ("a table", "object"),
}


class ConfigError(ValueError):
    """A configuration is refused: the key, what was found there and what is accepted. A family's function may raise it
    for what types cannot say, and Sampan shows it with the place in the run file.
    """

    def __init__(self, path: str, found: Any, accepted: str):
        super().__init__(f"{path}: found {found}, accepted {accepted}")
        self.problems = [(path, str(found), accepted)]

    @classmethod
    def join(cls, problems: list[tuple[str, str, str]]) -> ConfigError:
        """One error of several (path, found, accepted)."""
        error = cls(*problems[0])
        error.problems = problems
        return error


class Family:
    """A function from a configuration to a target; called, it is that function."""

    def __init__(self, func: Callable[..., Target]):
        self.name = func.__name__
        self.__doc__ = func.__doc__
        self._func = func
        self._options = Options(func)

    def __call__(self, *args: Any, **kwargs: Any) -> Target:
        return self._func(*args, **kwargs)

    def make(self, config: Mapping[str, Any], folder: str = "") -> Target:
        """The target of a configuration as it comes from JSON; ConfigError tells every fault at once. Paths are taken
        relative to ``folder``.
        """
        target = self._func(**self._options.read(config, folder))
        if not isinstance(target, Target):
            raise TypeError(f"{self.name} returned an object of type {type(target).__name__}: accepted is a target")
        return target

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the configuration."""
        return self._options.schema()


class Options:
    """The keyword parameters of a function, but for the first ``given``, as the keys of a configuration."""

    def __init__(self, func: Callable, given: int = 0):
        self._fields = _parameters(func, given)

    def read(self, config: Mapping[str, Any], folder: str) -> dict[str, Any]:
        """Arguments from a configuration as it comes from JSON, without those left to their defaults; ConfigError tells
        every fault at once.
        """
        problems: list[tuple[str, str, str]] = []
        values = _read_table(self._fields, config, "", Path(folder), problems)
        if problems:
            raise ConfigError.join(problems)
        return values

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the configuration."""
        return _table_schema(self._fields)


def family(func: Callable[..., Target]) -> Family:
    """Decorator: a function of keyword parameters that returns a target. The parameters are its configuration, of types
    bool, int, float, str, list, dict, pathlib.Path, Literal, list[T], Optional[T] and dataclasses of these.
    """
    return Family(func)


@dataclasses.dataclass(frozen=True)
class _Field:
    type: Any
    default: Any = _MISSING


def _parameters(func: Callable, given: int) -> dict[str, _Field]:
    hints = typing.get_type_hints(func)
    fields = {}
    for name, p in list(inspect.signature(func).parameters.items())[given:]:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            raise TypeError(f"{func.__qualname__}: parameter {p}: accepted are named parameters only")
        guess = Any if p.default in (_MISSING, None) else type(p.default)
        fields[name] = _Field(hints.get(name, guess), p.default)
        _schema(fields[name].type)  # refuses types that cannot be read
    return fields


def _dataclass_fields(cls: Any) -> dict[str, _Field]:
    hints = typing.get_type_hints(cls)
    return {
        f.name: _Field(hints[f.name], _MISSING if f.default is f.default_factory is dataclasses.MISSING else f.default)
        for f in dataclasses.fields(cls)
        if f.init
    }


def _read_table(fields: dict[str, _Field], table: Mapping[str, Any], path: str, folder: Path, problems: list) -> dict:
    """The values of a table's keys, without those left to their defaults."""
    values = {}
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, 1)
            accepted = "one of " + ", ".join(fields) if fields else "no keys"
            problems.append((path + key, "an unknown key", accepted + (f'; nearest is "{near[0]}"' if near else "")))
    for name, field in fields.items():
        if name in table:
            values[name] = _read(field.type, table[name], path + name, folder, problems)
        elif field.default is _MISSING:
            problems.append((path + name, "nothing", _accepted(field.type)))
    return values


def _read(kind: Any, value: Any, path: str, folder: Path, problems: list) -> Any:
    """A value of JSON as a value of the type."""
    kind, args = _resolve(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        before = len(problems)
        values = _read_table(_dataclass_fields(kind), value, path + ".", folder, problems)
        return kind(**values) if len(problems) == before else None  # type: ignore[operator]
    if kind is Path and isinstance(value, str):
        place = folder / value
        if not place.exists():
            problems.append((path, f"{value!r}, and there is no {place}", _SCALARS[Path][0]))
        return place
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is list and isinstance(value, list):
        item = args[0] if args else Any
        return [_read(item, v, f"{path}[{i}]", folder, problems) for i, v in enumerate(value)]
    if (kind in (bool, str, dict) and isinstance(value, kind)) or (kind is typing.Literal and value in args):
        return value
    problems.append((path, repr(value), _accepted_resolved(kind, args)))
    return None


def _resolve(kind: Any) -> tuple[Any, tuple]:
    """A type and its arguments, Optional taken off."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in args and len(args) == 2:
        return _resolve(next(a for a in args if a is not type(None)))
    return (origin or kind), args


def _accepted(kind: Any) -> str:
    return _accepted_resolved(*_resolve(kind))


def _accepted_resolved(kind: Any, args: tuple) -> str:
    if kind is typing.Literal:
        return "one of " + ", ".join(map(repr, args))
    if dataclasses.is_dataclass(kind):
        return "a table of " + ", ".join(_dataclass_fields(kind))
    return _SCALARS[kind][0] if kind in _SCALARS else "any value"


def _schema(kind: Any) -> dict[str, Any]:
    kind, args = _resolve(kind)
    if kind is Any:
        return {}
    if kind is typing.Literal:
        return {"enum": list(args)}
    if dataclasses.is_dataclass(kind):
        return _table_schema(_dataclass_fields(kind))
    if kind not in _SCALARS:
        raise TypeError(f"type {kind!r} cannot be configured: accepted are {_TYPES}")
    schema: dict[str, Any] = {"type": _SCALARS[kind][1]}
    if kind is list and args:
        schema["items"] = _schema(args[0])
    return schema


def _table_schema(fields: dict[str, _Field]) -> dict[str, Any]:
    properties = {}
    for name, field in fields.items():
        properties[name] = _schema(field.type)
        if isinstance(field.default, (bool, int, float, str, list)):
            properties[name]["default"] = field.default
    required = [name for name, f in fields.items() if f.default is _MISSING]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema
