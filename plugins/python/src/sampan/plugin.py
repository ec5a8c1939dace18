"""From a Python file to a plugin: its components, its description, its start."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn, Union

from . import _stdio
from .asking import HostTarget
from .config import ConfigError, Family, Options
from .target import Target
from .transport import Transport

Component = Union[Target, Family, type[Transport]]
PROTOCOL_MAJOR = 1

_loading = False  # a file is being imported by serve or describe; its own call of main then only says what is served
_announced: list[Component] = []


def main(*components: Component) -> None:
    """Serve components, as the last line of a file that is a program of its own: ``sampan.main(banana)``.

    The file can then be a plugin's command. Run by ``python -m sampan`` it works too.
    """
    for c in components:
        if not _is_component(c):
            raise TypeError(f"sampan.main({c!r}): targets, families and classes of transports are accepted")
    caller = sys._getframe(1).f_globals
    if _loading:
        _announced.extend(components)
        return
    name = Path(caller.get("__file__", "plugin")).stem
    plugin = Plugin(name, caller.get("__version__", "0"), {_name(c, caller): c for c in components})
    command = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if command not in ("serve", "describe"):
        sys.exit(f"{sys.argv[0]}: unknown command {command!r}: serve and describe are accepted")
    run(command, plugin)


def run(command: str, plugin: Plugin) -> None:
    """Carry out ``serve`` or ``describe``."""
    if command == "describe":
        _stdio.write(json.dumps(plugin.describe()) + "\n")
        return
    refuse_by_hand()
    from .serve import serve  # gRPC is not needed before

    serve(plugin)


def refuse_by_hand() -> None:
    """Leave with a friendly word unless sampan started this process."""
    if not _stdio.is_plugin:
        sys.stderr.write(
            "This is a Sampan plugin: sampan starts it and talks to it. To use it, name its file in a run file,\n\n"
            '    [target]\n    use = "./FILE.py"\n\n'
            "and say `sampan run RUNFILE`. `python -m sampan describe FILE.py` tells what a file offers.\n"
        )
        sys.exit(1)


class Plugin:
    """The components of a file, by name."""

    def __init__(self, name: str, version: str, components: dict[str, Component]):
        self.name, self.version, self.components = name, str(version), components
        if not components:
            raise ValueError(
                f"{name}: no target found, nor a transport: decorate a function by @sampan.target, or subclass "
                "sampan.Transport, as in the README"
            )
        for c in components:
            if not re.fullmatch("[A-Za-z0-9_-]+", c):
                raise ValueError(f"{name}: component {c!r}: a name of letters, digits, - and _ is accepted")

    def describe(self) -> dict[str, Any]:
        """What ``describe`` prints."""
        components = []
        for name, c in self.components.items():
            if isinstance(c, Target):
                schema = {"type": "object", "additionalProperties": False}
            else:
                schema = c.schema() if isinstance(c, Family) else _options(c).schema()
            summary = (c.__doc__ or "").strip().partition("\n")[0]
            components.append({"kind": kind(c), "name": name, "summary": summary, "config_schema": schema})
        return {
            "name": self.name,
            "version": self.version,
            "sdk": sdk(),
            "protocol": [PROTOCOL_MAJOR],
            "components": components,
        }

    def named(self, kind_wanted: str) -> list[str]:
        """The names of the components of a kind."""
        return [name for name, c in self.components.items() if kind(c) == kind_wanted]

    def make_transport(self, name: str, target: HostTarget, config: dict[str, Any], folder: str) -> Transport:
        """The transport of a class and its configuration, for a target."""
        cls = self.components[name]
        assert isinstance(cls, type)
        return cls(target, **_options(cls).read(config, folder))

    def make_target(self, name: str, config: dict[str, Any], folder: str) -> Target:
        """The target of a component and its configuration."""
        component = self.components[name]
        assert isinstance(component, (Target, Family))
        if isinstance(component, Family):
            return component.make(config, folder)
        if config:
            raise ConfigError.join([(key, "an unknown key", f"no keys, {name} takes none") for key in config])
        return component


def load(file: str) -> Plugin:
    """Import a file and find its components: those it gives to ``main``, else every target, family and class of
    transports that is a global variable of it, but for names with an underscore in front.
    """
    global _loading
    path = Path(file).resolve()
    if not path.is_file():
        _fail(f"{file}: no such file: the path of a Python file is accepted")
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else "sampan_plugin"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        _fail(f"{file}: a Python file, of ending .py, is accepted")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look their module up
    sys.path.insert(0, str(path.parent))
    _loading = True
    try:
        spec.loader.exec_module(module)
    finally:
        _loading = False
    names = vars(module)
    components = {_name(c, names): c for c in _announced or _public(names)}
    return Plugin(path.stem, names.get("__version__", "0"), components)


def sdk() -> str:
    """Name and version of this SDK."""
    from . import __version__

    return f"python {__version__}"


def _public(names: dict[str, Any]) -> list[Component]:
    return [c for name, c in names.items() if _is_component(c) and not name.startswith("_")]


def _is_component(value: Any) -> bool:
    if isinstance(value, type):
        return issubclass(value, Transport) and not inspect.isabstract(value)
    return isinstance(value, (Target, Family))


def kind(component: Component) -> str:
    """The kind of a component, as descriptions have it."""
    return "transport" if isinstance(component, type) else "target"


def _options(cls: type[Transport]) -> Options:
    return Options(cls.__init__, given=2)  # self and the target


def _name(component: Component, names: dict[str, Any]) -> str:
    """A component is called as the variable that holds it; a decorated function's is the function's name."""
    own = component.__name__ if isinstance(component, type) else component.name
    return next((name for name, value in names.items() if value is component), own)


def _fail(message: str) -> NoReturn:
    sys.exit(f"sampan: {message}")
