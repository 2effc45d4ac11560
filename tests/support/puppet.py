"""Actors on strings: they do what a test tells them to, and write down what happened to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from telnyx_actors.actors.base import Birth, EngineActor
from telnyx_actors.actors.supervision import Child, ChildExited, ChildSpec, Verdict
from telnyx_actors.core.backoff import Backoff

WITHIN_S = 5.0
AT_ONCE: Final = Backoff(first_s=0.0, limit_s=0.0)


class Diary:
    """What happened, in order, written by several threads. Tests wait for entries, never for time."""

    def __init__(self) -> None:
        self._entries: list[tuple[object, ...]] = []
        self._changed = threading.Condition()

    def write(self, *entry: object) -> None:
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    def wait_for(self, *entry: object, times: int = 1) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._entries.count(entry) >= times, WITHIN_S):
                raise AssertionError(f"{entry} did not happen {times}x; what did: {self._entries}")

    def count(self, *entry: object) -> int:
        with self._changed:
            return self._entries.count(entry)

    @property
    def entries(self) -> list[tuple[object, ...]]:
        with self._changed:
            return list(self._entries)

    def about(self, name: str) -> list[tuple[object, ...]]:
        """The entries that begin with ``name``, without it."""
        return [entry[1:] for entry in self.entries if entry[0] == name]


@dataclass(frozen=True)
class Do:
    """Make the puppet run something in its handler; what it returns is the reply."""

    action: Callable[[Puppet], object]


@dataclass(frozen=True)
class DoNow(Do):
    """The same, ahead of all data."""

    urgent: ClassVar[bool] = True


def fail(error: BaseException) -> Do:
    def action(_: Puppet) -> object:
        raise error

    return Do(action)


class Puppet(EngineActor):
    """Writes setup, handled messages, teardown and its children's fate into the diary, under its path."""

    children_stop_within_s = 1.0

    def __init__(
        self,
        birth: Birth,
        diary: Diary,
        *children: ChildSpec,
        in_setup: Callable[[Puppet], object] | None = None,
        in_teardown: Callable[[Puppet], object] | None = None,
        tolerant: bool = False,
    ) -> None:
        super().__init__(birth)
        self.diary = diary
        self.specs = children
        self.children: dict[str, Child] = {}
        self._in_setup = in_setup
        self._in_teardown = in_teardown
        self._tolerant = tolerant

    def setup(self) -> None:
        self.diary.write(self.path, "setup")
        if self._in_setup is not None:
            self._in_setup(self)
        for spec in self.specs:
            self.start_child(spec)
        self.diary.write(self.path, "ready")

    def handle(self, message: object) -> object:
        if isinstance(message, Do):
            return message.action(self)
        if not isinstance(message, str):
            return super().handle(message)
        self.diary.write(self.path, "handled", message)
        return message

    def teardown(self, error: BaseException | None) -> None:
        self.diary.write(self.path, "teardown", None if error is None else type(error).__name__)
        if self._in_teardown is not None:
            self._in_teardown(self)

    def child_started(self, child: Child) -> None:
        self.children[child.name] = child
        self.diary.write(self.path, "started", child.name, child.restarts)

    def child_exited(self, exited: ChildExited, verdict: Verdict) -> None:
        error = None if exited.error is None else type(exited.error).__name__
        self.diary.write(self.path, "exited", exited.name, error, verdict)
        if not self._tolerant:
            super().child_exited(exited, verdict)
