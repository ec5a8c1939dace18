"""Streams on which the plugin asks as it works: Segment and Train.

The user's code runs in a thread of its own. What it sends goes through a queue to the thread that gRPC gives the call;
it reads what comes by itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from .asking import HungUpError

Send = Callable[[Any], None]
Work = Callable[[Iterator[Any], Send], None]


def converse(work: Work, commands: Iterator[Any], context: grpc.ServicerContext, idle: Callable) -> Iterator[Any]:
    """Run ``work`` on the commands; the events that it sends. ``idle()`` is sent for each second without one, unless it
    is None.
    """
    events: queue.SimpleQueue = queue.SimpleQueue()

    def run() -> None:
        try:
            work(commands, events.put)
        except (HungUpError, grpc.RpcError):
            pass
        finally:
            events.put(None)

    if not context.add_callback(lambda: events.put(None)):  # the call ended, by whichever side
        return
    threading.Thread(target=run, daemon=True, name="sampan-work").start()
    while True:
        try:
            event = events.get(timeout=1)
        except queue.Empty:
            event = idle()
            if event is not None:
                yield event
            continue
        if event is None:
            return
        yield event


def next_of(commands: Iterator[Any]) -> Any:
    """The next command, or HungUpError."""
    try:
        return next(commands)
    except (StopIteration, grpc.RpcError):
        raise HungUpError from None


class Inbox:
    """The commands of a Train stream, read as they come: answers in order, and what was asked for meanwhile."""

    def __init__(self, commands: Iterator[Any]):
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._checkpoint, self._stop, self._gone = threading.Event(), threading.Event(), threading.Event()
        threading.Thread(target=self._read, args=(commands,), daemon=True, name="sampan-inbox").start()

    def answer(self) -> Any:
        """The next answer."""
        answer = self._answers.get()
        if answer is None:
            raise HungUpError
        return answer

    def asked(self) -> tuple[bool, bool]:
        """Whether a checkpoint was asked for since the last time, and whether it is time to stop."""
        if self._gone.is_set():
            raise HungUpError
        checkpoint = self._checkpoint.is_set()
        self._checkpoint.clear()
        return checkpoint, self._stop.is_set()

    def _read(self, commands: Iterator[Any]) -> None:
        try:
            for command in commands:
                kind = command.WhichOneof("command")
                if kind == "answer":
                    self._answers.put(command.answer)
                elif kind == "checkpoint":
                    self._checkpoint.set()
                elif kind == "stop":
                    self._stop.set()
        except grpc.RpcError:
            pass
        finally:
            self._gone.set()
            self._answers.put(None)
