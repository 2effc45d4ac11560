"""What was said in a call stands where the operator wants it, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loguru import logger

from telnyx_actors.actors.call_log import TOLD, log_action, log_event
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnEnd, TurnKind, TurnRecord, TurnTimes
from telnyx_actors.logs import CallLog

CALLER, AGENT = "quiero una cita", "con mucho gusto"
EVENTS: tuple[ev.CallEvent, ...] = (
    ev.TranscriptInterim(CALLER, 0.8),
    ev.TranscriptFinal(CALLER, 0.9),
    ev.TurnConfirmed(CALLER),
)
TURN = ac.EndTurn(TurnRecord(1, TurnKind.REPLY, CALLER, AGENT, AGENT, TurnEnd.COMPLETED, 1, TurnTimes(), None))
ASK = ac.AskModel(1, 1, (("user", CALLER),), CALLER, False)
SPEAK = ac.Synthesize(2, AGENT)


@pytest.fixture
def lines() -> Iterator[list[tuple[int, str]]]:
    found: list[tuple[int, str]] = []
    handler = logger.add(
        lambda message: found.append((message.record["level"].no, message.record["message"])), level="DEBUG"
    )
    yield found
    logger.remove(handler)


def log_everything(*, show_words: bool) -> None:
    log = CallLog("v3:x")
    for event in EVENTS:
        log_event(log, event, show_words)
    for action in (ASK, SPEAK, TURN):
        log_action(log, action, show_words)


def texts(lines: list[tuple[int, str]], *, above_debug: bool) -> str:
    return "\n".join(text for level, text in lines if (level > 10) is above_debug)


def test_with_transcripts_the_lines_that_operators_search_for_carry_the_words(lines: list[tuple[int, str]]) -> None:
    log_everything(show_words=True)
    shown = texts(lines, above_debug=True)
    assert f"📝 [CALL:v3:x] Transcripción recibida: '{CALLER}'" in shown
    assert f"💬 [CALL:v3:x] Claude respuesta generada: '{AGENT}'" in shown


def test_without_transcripts_the_lines_stay_and_no_word_of_anyone_is_above_debug(
    lines: list[tuple[int, str]],
) -> None:
    log_everything(show_words=False)
    shown = texts(lines, above_debug=True)
    assert "📝 [CALL:v3:x] Transcripción recibida: '•••'" in shown
    assert "💬 [CALL:v3:x] Claude respuesta generada: '•••'" in shown
    assert "⚡ [CALL:v3:x] Procesando transcript INTERMEDIO" in shown
    assert not any(word in shown for word in (CALLER, AGENT))


@pytest.mark.parametrize("show_words", [True, False])
def test_debug_shows_every_step_with_its_words(lines: list[tuple[int, str]], show_words: bool) -> None:
    log_everything(show_words=show_words)
    traced = texts(lines, above_debug=False)
    for step in ("TranscriptFinal", "TurnConfirmed", "AskModel", "Synthesize", "TurnRecord"):
        assert step in traced
    assert traced.count(CALLER) >= 4
    assert AGENT in traced


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (ev.ReplyFailed(1, 1, "claude: unavailable (529): overloaded"), "🧠 [CALL:v3:x] Claude no respondió: claude: "),
        (ev.SpeechFailed(2, "elevenlabs: auth (401): no such key"), "🔇 [CALL:v3:x] No se pudo decir una frase: "),
    ],
)
def test_a_vendor_that_fails_is_warned_of_in_the_call_that_it_fails(
    lines: list[tuple[int, str]], event: ev.CallEvent, line: str
) -> None:
    log_event(CallLog("v3:x"), event, show_words=False)
    ((level, text),) = lines
    assert (level, text.startswith(line)) == (30, True)


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_what_the_caller_notices_of_it_is_warned_of_too(lines: list[tuple[int, str]], kind: str) -> None:
    log_action(CallLog("v3:x"), ac.Note(kind, 1), show_words=False)
    assert texts(lines, above_debug=True) == f"⏳ [CALL:v3:x] {TOLD[kind]}"
