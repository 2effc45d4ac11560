"""Pumps: items and one end, nothing after cancel, never a reader that outlives its actor."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

from support.puppet import WITHIN_S, Diary, Do, Puppet
from telnyx_actors.actors.base import tell
from telnyx_actors.actors.pump import Pump
from telnyx_actors.actors.supervision import ActorCrashed
from telnyx_actors.errors import Failure, ProviderError


class Source:
    """A blocking stream as the ports promise it: ``cancel`` from any thread ends the iteration."""

    END = object()

    def __init__(self, *items: object) -> None:
        self._items: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.cancelled = threading.Event()
        for item in items:
            self.add(item)

    def add(self, item: object) -> None:
        self._items.put(item)

    def cancel(self) -> None:
        self.cancelled.set()
        self.add(self.END)

    def __iter__(self) -> Iterator[object]:
        while (item := self._items.get(timeout=WITHIN_S)) is not self.END:
            if isinstance(item, BaseException):
                raise item
            yield item


def pump(source: Source, diary: Diary) -> Pump[object]:
    def deliver(item: object) -> bool:
        diary.write("item", item)
        return True

    return Pump(source, source.cancel, deliver, lambda error: diary.write("ended", error), "pump").start()


def wait_for_end(pump: Pump[Any]) -> None:
    pump._thread.join(WITHIN_S)
    assert not pump._thread.is_alive()


def test_items_come_in_order_and_then_the_end(diary: Diary) -> None:
    wait_for_end(pump(Source(1, 2, 3, Source.END), diary))
    assert diary.entries == [("item", 1), ("item", 2), ("item", 3), ("ended", None)]


def test_an_error_of_the_source_is_its_end(diary: Diary) -> None:
    lost = ProviderError("deepgram", Failure.UNAVAILABLE, "reset")
    wait_for_end(pump(Source(1, lost), diary))
    assert diary.entries == [("item", 1), ("ended", lost)]


def test_a_library_that_exits_ends_the_pump_as_an_error(diary: Diary) -> None:
    wait_for_end(pump(Source(SystemExit(1)), diary))
    ((_, error),) = diary.entries
    assert isinstance(error, ActorCrashed)


def test_cancel_wakes_a_blocked_reader_and_nothing_more_is_delivered(diary: Diary) -> None:
    source = Source(1)
    running = pump(source, diary)
    diary.wait_for("item", 1)
    running.cancel()
    running.cancel()
    wait_for_end(running)
    assert source.cancelled.is_set()
    assert diary.entries == [("item", 1)]


def test_what_a_cancelled_source_still_says_is_not_delivered(diary: Diary) -> None:
    source = Source("first")
    source.cancel = lambda: None  # type: ignore[method-assign]  # a source that does not listen
    running = pump(source, diary)
    diary.wait_for("item", "first")
    running.cancel()
    source.add("late")
    source.add(ValueError("late as well"))
    wait_for_end(running)
    assert diary.entries == [("item", "first")]


def test_cancel_after_the_end_leaves_the_source_alone(diary: Diary) -> None:
    source = Source(Source.END)
    running = pump(source, diary)
    wait_for_end(running)
    running.cancel()
    assert not source.cancelled.is_set()


def test_once_cancel_has_returned_no_delivery_is_under_way(diary: Diary) -> None:
    delivering, gate, cancelled = threading.Event(), threading.Event(), threading.Event()
    source = Source(1, 2)

    def deliver(item: object) -> bool:
        delivering.set()
        gate.wait(WITHIN_S)
        diary.write("item", item, cancelled.is_set())
        return True

    running = Pump(source, source.cancel, deliver, lambda error: diary.write("ended", error), "pump").start()
    assert delivering.wait(WITHIN_S)

    def cancel() -> None:
        running.cancel()
        cancelled.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    gate.set()
    canceller.join(WITHIN_S)
    wait_for_end(running)
    # The second item may still win the lock before the cancel does; none comes after it.
    assert all(not late for late in [entry[2] for entry in diary.entries])
    assert diary.about("ended") == []


def test_a_receiver_that_is_gone_is_the_end_of_the_pump_and_closes_the_source(diary: Diary) -> None:
    source = Source(1, 2)
    running = Pump(source, source.cancel, lambda _: False, lambda _: diary.write("ended"), "pump").start()
    wait_for_end(running)
    assert source.cancelled.is_set()
    assert diary.entries == []


def test_a_pump_ends_with_the_actor_it_serves(start: Any) -> None:
    root = start()
    source = Source()
    running = Pump(source, source.cancel, lambda item: tell(root, item), lambda _: tell(root, "end"), "pump").start()
    root.stop(timeout=WITHIN_S)
    source.add("to nobody")
    wait_for_end(running)
    assert source.cancelled.is_set()


def test_an_actor_hears_a_cancel_while_its_stream_is_blocked(start: Any, diary: Diary) -> None:
    root, source = start(), Source("token")
    pumps: list[Pump[object]] = []

    def open_stream(puppet: Puppet) -> None:
        pumps.append(
            Pump(source, source.cancel, lambda item: tell(puppet.actor_ref, item), lambda _: None, "root/pump").start()
        )

    root.ask(Do(open_stream), timeout=WITHIN_S)
    diary.wait_for("root", "handled", "token")
    root.ask(Do(lambda _: pumps[0].cancel()), timeout=WITHIN_S)
    assert source.cancelled.is_set()
