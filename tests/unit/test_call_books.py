"""What others see of calls: the list of those there are, the counts, the addresses, the log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from loguru import logger

from support.fakes import WITHIN_S, Mailbox
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.call_log import HIDDEN, log_action, log_event
from telnyx_actors.actors.calls import CallView, LiveCalls
from telnyx_actors.actors.messages import CallPlan
from telnyx_actors.actors.tally import Tally
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import Latency, TurnEnd, TurnKind, TurnRecord, TurnTimes
from telnyx_actors.logs import CallLog

# --- the calls there are --------------------------------------------------------------


def view(ref: str, call_control_id: str = "") -> CallView:
    view = CallView(CallPlan(ref, "outgoing", "+57"), "secret", 0.0, "")
    view.call_control_id = call_control_id
    return view


def test_a_call_is_found_by_either_name() -> None:
    calls = LiveCalls()
    ours = view("ref-1")
    calls.add(ours)
    calls.add(view("ref-2", "v3:2"))
    assert calls.find("ref-1") is ours
    assert calls.find("v3:1") is None
    ours.call_control_id = "v3:1"
    assert calls.find("v3:1") is ours
    assert calls.get("v3:1") is None
    assert (ours.name, view("ref-3").name) == ("v3:1", "ref-3")


def test_a_call_that_has_no_name_at_the_carrier_yet_is_not_found_by_none() -> None:
    calls = LiveCalls()
    calls.add(view("ref-1"))
    assert calls.find("") is None


@pytest.mark.parametrize(
    "happens", [lambda calls, talking: calls.pause(talking, is_at_pause=True), lambda calls, _: calls.remove("ref-1")]
)
def test_whoever_waits_for_a_pause_hears_of_it_and_of_a_calls_end(
    happens: Callable[[LiveCalls, CallView], object],
) -> None:
    calls, talking = LiveCalls(), view("ref-1")
    calls.add(talking)
    calls.pause(talking, is_at_pause=False)
    has_looked = threading.Event()

    def is_quiet(found: tuple[CallView, ...]) -> bool:
        has_looked.set()
        return all(each.is_at_pause for each in found)

    waiting = threading.Thread(target=calls.wait_until, args=(is_quiet, 10 * WITHIN_S), daemon=True)
    waiting.start()
    assert has_looked.wait(WITHIN_S)
    happens(calls, talking)
    waiting.join(WITHIN_S)
    assert not waiting.is_alive()


def test_a_wait_for_what_does_not_come_ends() -> None:
    calls = LiveCalls()
    calls.add(view("ref-1"))
    assert not calls.wait_until(lambda found: not found, 0.01)


def test_a_call_that_ended_is_gone_and_still_counted() -> None:
    calls = LiveCalls()
    ended = view("ref-1")
    calls.add(ended)
    assert calls.remove("ref-1") is ended
    assert not ended.is_alive
    assert calls.remove("ref-1") is None
    assert (len(calls), calls.all(), calls.total) == (0, (), 1)


def test_the_secret_of_a_call_is_not_printed() -> None:
    assert "secret" not in repr(view("ref-1"))


# --- counts -----------------------------------------------------------------------------


def test_counts_are_kept_by_family_and_labels() -> None:
    tally = Tally()
    for labels in (("caller",), ("caller",), ("silence", "ours")):
        tally.count("ended", *labels)
    tally.count("cost", "voice", by=0.25)
    assert tally.read() == {("ended", "caller"): 2, ("ended", "silence", "ours"): 1, ("cost", "voice"): 0.25}


def test_counts_of_many_threads_add_up() -> None:
    tally = Tally()

    def count() -> None:
        for _ in range(1000):
            tally.count("event", "x")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.read() == {("event", "x"): 4000}


# --- addresses ----------------------------------------------------------------------------


def test_an_address_says_when_nobody_is_there() -> None:
    address, mailbox = Address(), Mailbox()
    ref: Any = mailbox
    assert not address.tell("one")
    address.ref = ref
    assert address.tell("two")
    mailbox.is_dead = True
    assert not address.tell("three")
    assert mailbox.told.all == ["two"]


# --- the log of a call ----------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", level="DEBUG")
    yield lines
    logger.remove(sink)


RECORD = TurnRecord(
    2, TurnKind.REPLY, "quiero una cita", "Claro que sí.", "Claro", TurnEnd.INTERRUPTED, 1, TurnTimes(),
    Latency(hearing=0.1, thinking=0.4, speaking=0.12, held=0.0, response=0.62),
)  # fmt: skip
SPOKEN = (
    ev.TranscriptInterim("mi cédula"),
    ev.TranscriptFinal("mi cédula"),
    ev.TurnConfirmed("mi cédula"),
    ev.TurnPredicted("mi cédula"),
    ev.ReplyClause(0, 1, "mi cédula"),
    ev.SayRequested("mi cédula"),
)


@pytest.mark.parametrize("event", SPOKEN)
def test_what_people_say_stands_above_debug_only_when_asked_for(lines: list[str], event: ev.CallEvent) -> None:
    log_event(CallLog("v3:1"), event, show_words=False)
    assert [line for line in lines if "cédula" in line and not line.startswith("DEBUG")] == []


def test_a_turn_is_told_in_the_lines_that_operators_search_for(lines: list[str]) -> None:
    log_event(CallLog("v3:1"), ev.TranscriptFinal("quiero una cita"), show_words=True)
    log_action(CallLog("v3:1"), ac.EndTurn(RECORD), show_words=True)
    shown = [line.rstrip() for line in lines if line.startswith("INFO")]
    assert shown == [
        "INFO 📝 [CALL:v3:1] Transcripción recibida: 'quiero una cita'",
        "INFO 💬 [CALL:v3:1] Claude respuesta generada: 'Claro que sí.'",
        "INFO 🔊 [CALL:v3:1] Audio reproducido (interrumpido)",
        "INFO ⏱️ [CALL:v3:1] Turno 2: respuesta 620 ms (oír 100, pensar 400, hablar 120)",
    ]


def test_the_words_of_a_turn_can_be_hidden(lines: list[str]) -> None:
    log_action(CallLog("v3:1"), ac.EndTurn(RECORD), show_words=False)
    shown = "".join(line for line in lines if line.startswith("INFO"))
    assert HIDDEN in shown
    assert "Claro" not in shown


@pytest.mark.parametrize("event", [ev.SpeechArrived(1, 160), ev.MarkReturned("0.1.160"), ev.TimePassed()])
def test_what_happens_many_times_a_second_is_not_logged(lines: list[str], event: ev.CallEvent) -> None:
    log_event(CallLog("v3:1"), event, show_words=True)
    log_action(CallLog("v3:1"), ac.SendAudio(1, 0, 160), show_words=True)
    log_action(CallLog("v3:1"), ac.SendMark("0.1.160"), show_words=True)
    assert lines == []
