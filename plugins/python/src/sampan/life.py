"""The life of a plugin's process: it ends when it is told to, and when its host is gone.

A host that is killed cannot say goodbye. Three signs tell of its end, since each can fail alone: standard input, a
pipe the host holds open, ends; the Lifeline stream ends; the parent's process id changes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable

GRACE = 0.5  # seconds between a sign of the host's end and leaving, in which an orderly Shutdown may still come
LIMIT = 1.0  # seconds that an orderly end may take, threads and exit handlers included
POLL = 0.5


class Life:
    """Waits for the end, and brings it about."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._on_loss: Callable[[], None] = lambda: None

    def watch(self, on_loss: Callable[[], None]) -> None:
        """Start watching the host; ``on_loss`` runs before the process is killed."""
        self._on_loss = on_loss
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        _start(self._watch_parent, os.getppid())
        if stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISSOCK(os.fstat(0).st_mode):
            lifeline = os.dup(0)
            with open(os.devnull) as null:
                os.dup2(null.fileno(), 0)  # the user's code does not read from it
            _start(self._watch_stdin, lifeline)

    def stop(self) -> None:
        """The orderly end: ``wait`` returns."""
        self._stop.set()

    def wait(self) -> None:
        """Return when it is time to end. From then on the process has LIMIT seconds."""
        self._stop.wait()
        _start(_exit_after, LIMIT)

    def lifeline_ended(self) -> None:
        """The Lifeline stream ended. Does not wait: gRPC calls it in the thread that serves."""
        _start(self._host_gone, "the Lifeline stream ended")

    def _host_gone(self, sign: str) -> None:
        """Leave at once, with all children, unless an orderly end has come or comes within GRACE."""
        if self._stop.wait(GRACE):
            return
        with contextlib.suppress(OSError):
            sys.stderr.write(f"sampan: the host is gone ({sign}): leaving\n")
        self._on_loss()
        if os.getpgrp() == os.getpid():  # the host gives each plugin a process group
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    def _watch_parent(self, parent: int) -> None:
        while os.getppid() == parent:
            if self._stop.wait(POLL):
                return
        self._host_gone("its process ended")

    def _watch_stdin(self, fd: int) -> None:
        with contextlib.suppress(OSError):
            while os.read(fd, 4096):
                pass
        self._host_gone("standard input ended")


def _exit_after(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(0)


def _start(run: Callable, *args: object) -> None:
    threading.Thread(target=run, args=args, daemon=True).start()
