"""The written record of a call."""

from __future__ import annotations

import json

from telnyx_actors.core.transcript import document, turn_entry
from telnyx_actors.core.turn import Latency, TurnEnd, TurnKind, TurnRecord, TurnTimes

RECORD = TurnRecord(
    number=3,
    kind=TurnKind.REPLY,
    said="Quiero una cita.",
    generated="Con gusto. ¿Para cuándo?",
    heard="Con gusto.",
    end=TurnEnd.INTERRUPTED,
    attempts=2,
    times=TurnTimes(voice_ended=107.0, asked=107.2, first_sent=107.7704, ended=109.0),
    latency=Latency(hearing=0.2, thinking=0.45, speaking=0.12, held=0.0004, response=0.7704),
    input_tokens=100,
    output_tokens=20,
    cached_tokens=80,
)


def test_times_are_milliseconds_of_the_recording_and_what_did_not_happen_is_left_out() -> None:
    entry = turn_entry(RECORD, origin_s=100.0)
    assert entry["times_ms"] == {"voice_ended": 7000, "asked": 7200, "first_sent": 7770, "ended": 9000}
    assert entry["latency_ms"] == {"hearing": 200, "thinking": 450, "speaking": 120, "held": 0, "response": 770}


def test_an_entry_says_what_was_said_and_what_was_heard() -> None:
    entry = turn_entry(RECORD, origin_s=100.0)
    assert {key: entry[key] for key in ("turn", "kind", "said", "generated", "heard", "end", "attempts")} == {
        "turn": 3,
        "kind": "reply",
        "said": "Quiero una cita.",
        "generated": "Con gusto. ¿Para cuándo?",
        "heard": "Con gusto.",
        "end": "interrupted",
        "attempts": 2,
    }
    assert entry["tokens"] == {"input": 100, "output": 20, "cached": 80}


def test_a_turn_that_answers_nothing_has_no_latency() -> None:
    greeting = TurnRecord(0, TurnKind.GREETING, "", "Hola.", "Hola.", TurnEnd.COMPLETED, 0, TurnTimes(), None)
    assert turn_entry(greeting, origin_s=0.0)["latency_ms"] == {}


def test_the_document_is_plain_json_also_of_a_call_whose_end_nobody_saw() -> None:
    whole = document({"id": "v3:á"}, [turn_entry(RECORD, 100.0)], {})
    assert json.loads(json.dumps(whole)) == whole
    assert whole["end"] == {}
