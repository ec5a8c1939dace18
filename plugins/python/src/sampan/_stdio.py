"""What a plugin's process must settle before anything else is imported.

The first line on standard output is the handshake, so nothing else may be printed there: not by the user's code, nor
by a library as it is imported, nor by C code underneath. Descriptor 1 is therefore pointed at descriptor 2, the log,
and the handshake gets a duplicate. Imports nothing but the standard library.
"""

from __future__ import annotations

import os
import sys

COOKIE_KEY = "SAMPAN_PLUGIN_COOKIE"
COOKIE_VALUE = "1494ece6ba7583089f16bd1b3309527f6d76436dce962f70791a4735a345fa67"

# Started by sampan? The cookie is taken out of the environment: the plugin's own children are no plugins.
is_plugin = os.environ.pop(COOKIE_KEY, None) == COOKIE_VALUE

_stdout: int | None = None


def guard() -> None:
    """Point standard output at standard error, once."""
    global _stdout
    if _stdout is not None:
        return
    sys.stdout.flush()
    _stdout = os.dup(1)
    os.set_inheritable(_stdout, False)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def write(text: str) -> None:
    """Write to the real standard output."""
    data = text.encode()
    while data:
        data = data[os.write(1 if _stdout is None else _stdout, data) :]


if is_plugin:
    guard()
    os.environ.setdefault("JAX_ENABLE_X64", "1")  # before JAX is imported: log densities are float64
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
