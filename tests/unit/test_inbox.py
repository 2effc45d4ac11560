"""The inbox: control before data, a limit with a policy, nobody left waiting at the end."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import pykka
import pytest
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from support.manual_time import ManualClock
from telnyx_actors.actors.inbox import Inbox, Overflow, is_stop
from telnyx_actors.clock import SystemClock


@dataclass(frozen=True)
class Urgent:
    urgent: ClassVar[bool] = True


def inbox(*messages: object, data_max: int = 100, overflow: Overflow = Overflow.DROP_OLDEST) -> Inbox:
    inbox = Inbox(data_max, overflow, SystemClock().now)
    for message in messages:
        inbox.put(Envelope(message))
    return inbox


def drain(inbox: Inbox) -> list[object]:
    messages = []
    while not inbox.empty():
        messages.append(inbox.get().message)
    return messages


def ask(inbox: Inbox, message: object) -> pykka.Future[Any]:
    reply: pykka.Future[Any] = pykka.ThreadingFuture()
    inbox.put(Envelope(message, reply_to=reply))
    return reply


def test_data_keeps_its_order() -> None:
    assert drain(inbox(1, 2, 3)) == [1, 2, 3]


def test_urgent_messages_and_stops_overtake_data_and_keep_their_own_order() -> None:
    assert drain(inbox(1, Urgent(), 2, _ActorStop())) == [Urgent(), _ActorStop(), 1, 2]


def test_an_ask_overtakes_data() -> None:
    box = inbox(1, 2)
    ask(box, "status")
    assert drain(box) == ["status", 1, 2]


def test_urgent_as_a_value_and_not_as_a_promise_of_the_class_is_data() -> None:
    class Tempting:
        urgent = "yes"

    first = Tempting()
    assert drain(inbox(1, first)) == [1, first]


def test_a_full_data_lane_drops_the_oldest() -> None:
    box = inbox(1, 2, 3, 4, data_max=2)
    assert (drain(box), box.dropped) == ([3, 4], 2)


def test_a_full_data_lane_drops_the_newest_if_so_told() -> None:
    box = inbox(1, 2, 3, 4, data_max=2, overflow=Overflow.DROP_NEWEST)
    assert (drain(box), box.dropped) == ([1, 2], 2)


def test_control_is_never_dropped() -> None:
    box = inbox(*[Urgent()] * 10, data_max=1)
    assert (len(drain(box)), box.dropped) == (10, 0)


def test_depths_and_high_water_are_by_lane() -> None:
    box = inbox(1, 2, 3, Urgent())
    assert (box.control_depth, box.data_depth) == (1, 3)
    drain(box)
    box.put(Envelope(4))
    drain(box)
    assert (box.control_depth, box.data_depth, box.high_water) == (0, 0, 3)


def test_the_oldest_message_that_waits_is_known_in_either_lane() -> None:
    clock = ManualClock(10.0)
    box = Inbox(2, Overflow.DROP_OLDEST, clock.now)
    first: float | None = box.oldest_at
    assert first is None
    for message in (1, Urgent(), 2):
        box.put(Envelope(message))
        clock.advance(1.0)
    assert box.oldest_at == 10.0
    box.put(Envelope(3))  # there is room for two: the first one goes
    assert box.oldest_at == 11.0
    seen = [(box.get().message, box.taken_at) for _ in range(3)]
    assert seen == [(Urgent(), 11.0), (2, 12.0), (3, 13.0)]
    assert box.oldest_at is None


def test_an_inbox_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Inbox(0, Overflow.DROP_OLDEST, SystemClock().now)


def test_closing_answers_those_who_wait_and_counts_what_was_lost() -> None:
    box = inbox(1, 2)
    status = ask(box, "status")
    stop = ask(box, _ActorStop())
    box.close()
    with pytest.raises(pykka.ActorDeadError):
        status.get(timeout=0)
    assert stop.get(timeout=0) is None
    assert (box.empty(), box.dropped) == (True, 3)


def test_whoever_asks_a_closed_inbox_is_answered_at_once() -> None:
    # pykka checks that the actor is alive and then puts: an ask between the two would hang for ever.
    box = inbox()
    box.close()
    with pytest.raises(pykka.ActorDeadError):
        ask(box, "status").get(timeout=0)
    assert ask(box, _ActorStop()).get(timeout=0) is None


def test_a_sleeping_reader_wakes_for_every_message() -> None:
    box, seen = inbox(), []
    heard = threading.Semaphore(0)

    def read() -> None:
        while not is_stop(envelope := box.get()):
            seen.append(envelope.message)
            heard.release()

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        box.put(Envelope(number))
        assert heard.acquire(timeout=5)  # one by one, so that the reader sleeps in between
    box.put(Envelope(_ActorStop()))
    reader.join(5)
    assert seen == list(range(200))


def test_many_writers_lose_nothing_and_each_keeps_its_order() -> None:
    writers, each = 4, 2000
    box = inbox(data_max=writers * each)

    def write(writer: int) -> None:
        for number in range(each):
            box.put(Envelope((writer, number)))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    seen = [box.get().message for _ in range(writers * each)]
    for thread in threads:
        thread.join()
    assert box.empty()
    for writer in range(writers):
        assert [number for who, number in seen if who == writer] == list(range(each))
