"""The watch over all tests is a test itself: here it must bark."""

from __future__ import annotations

import logging
import threading

import pykka

from support.watch import Crashes, PlainActorCrashes, threads_left

BUG = ValueError("bug")


def test_an_unannounced_crash_is_a_complaint() -> None:
    crashes = Crashes()
    crashes.expect("root/call-*")
    crashes.seen += [("root/call-1/speaker", BUG), ("root/journal", BUG)]
    assert crashes.complaints() == ["root/journal crashed: ValueError('bug')"]


def test_an_announced_crash_that_does_not_come_is_a_complaint() -> None:
    crashes = Crashes()
    crashes.expect("root")
    assert crashes.complaints() == ["root was expected to crash, and did not"]


def test_a_thread_that_stays_is_named() -> None:
    before, gate = set(threading.enumerate()), threading.Event()
    thread = threading.Thread(target=gate.wait, name="stays")
    thread.start()
    assert threads_left(before, within_s=0.01) == ["stays"]
    gate.set()
    assert threads_left(before) == []


def test_the_crash_of_an_actor_that_is_not_ours_is_heard_from_pykka(crashes: Crashes) -> None:
    class Plain(pykka.ThreadingActor):
        def on_receive(self, message: object) -> None:
            raise BUG

    crashes.expect("pykka")
    ref = Plain.start()
    ref.tell("anything")
    ref.actor_stopped.wait(5)
    assert crashes.seen == [("pykka", BUG)]


def test_an_error_record_without_an_exception_is_heard_too() -> None:
    crashes = Crashes()
    PlainActorCrashes(crashes).emit(logging.makeLogRecord({"msg": "odd"}))
    assert [(path, str(error)) for path, error in crashes.seen] == [("pykka", "odd")]
