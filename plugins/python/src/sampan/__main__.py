"""``python -m sampan serve FILE.py`` and ``python -m sampan describe FILE.py``."""

from __future__ import annotations

import sys

from . import _stdio
from .plugin import load, refuse_by_hand, run

USAGE = """usage: python -m sampan describe FILE.py    tell, as JSON, which targets a file offers
       python -m sampan serve FILE.py       serve them; sampan does this for `use = "./FILE.py"`
"""


def _main(args: list[str]) -> None:
    if len(args) != 2 or args[0] not in ("serve", "describe"):
        sys.stderr.write(USAGE)
        sys.exit(2)
    command, file = args
    if command == "serve":
        refuse_by_hand()
    _stdio.guard()
    run(command, load(file))


_main(sys.argv[1:])
