"""What the console shows of calls: found by the beginning of their ids, told from the first failure on, words masked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.console import NUMBER, Bench, answered_turn, bench
from telnyx_actors.actors.calls import Line
from telnyx_actors.actors.stats import Crash
from telnyx_actors.actors.tally import Sample
from telnyx_actors.console.desk import CommandError, short
from telnyx_actors.console.latency import distribution
from telnyx_actors.console.page_views import CallStory
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import Latency

WORDS = "mi perro se llama Toby"


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    return bench(tmp_path)


def test_a_call_in_progress_says_where_it_stands(desk: Bench) -> None:
    view = desk.call("9f3c1e0ab3", "v3:xyz", state="live", turns=3, last_response_s=0.7216, stale=2)
    desk.clock.advance(10.0)
    view.answered_at, view.deadline_at = desk.clock.now() - 6.0, desk.clock.now() + 0.25
    (row,) = desk.do("calls")["calls"]
    assert (row["id"], row["state"], row["turns"], row["stale"]) == ("9f3c1e", "live", 3, 2)
    assert (row["age_s"], row["answered_s"], row["deadline_in_s"], row["last_response_ms"]) == (10.0, 6.0, 0.25, 722)
    assert row["number"] == "+57300•••4567"


def test_calls_that_ended_are_remembered_behind_the_living(desk: Bench) -> None:
    for ref in ("first", "second", "third"):
        desk.call(ref)
    for ref in ("first", "second"):
        desk.desk.services.calls.remove(ref)
    assert [(row["ref"], row["is_alive"]) for row in desk.do("calls")["calls"]] == [
        ("third", True),
        ("second", False),
        ("first", False),
    ]


@pytest.mark.parametrize("name", ["9f3c", "v3:AbC", "AbC"])
def test_a_call_is_found_by_the_beginning_of_our_id_or_the_carriers(desk: Bench, name: str) -> None:
    desk.call("9f3c1e0ab3", "v3:AbCdEf")
    desk.call("1234567890", "v3:XyZ")
    assert desk.do("call", name)["ref"] == "9f3c1e0ab3"


def test_a_beginning_that_two_share_names_both(desk: Bench) -> None:
    desk.call("9f3c1")
    desk.call("9f3c2")
    with pytest.raises(CommandError, match="puede ser 9f3c1, 9f3c2"):
        desk.do("call", "9f3c")


@pytest.mark.parametrize("name", ["", "nobody", "v3"])
def test_a_beginning_that_nobody_has_is_said_to(desk: Bench, name: str) -> None:
    desk.call("9f3c1")
    with pytest.raises(CommandError, match="No hay ninguna llamada"):
        desk.do("call", name)


def test_ids_are_shown_as_short_as_they_are_told_apart() -> None:
    refs = ["aaaaaaaa1", "aaaaaaaa2", "bbbbbbbbb", "bbb"]
    assert [short(ref, refs) for ref in refs] == ["aaaaaaaa1", "aaaaaaaa2", "bbbbbb", "bbb"]


def words_in_a_call(desk: Bench) -> str:
    """All that the console and the page tell of it."""
    view = desk.call("abc")
    view.trail.decided(1000.5, ev.TranscriptFinal(WORDS), [ac.AskModel(1, 1, (("user", WORDS),), said=WORDS)])
    view.trail.decided(1000.7, ev.DigitPressed("7"), [ac.EndTurn(answered_turn()), ac.TransferCall(NUMBER)])
    return json.dumps([desk.do("call", "abc"), CallStory("abc").since(desk.desk)], ensure_ascii=False)


@pytest.mark.parametrize("level", ["TRACE", "DEBUG", "INFO"])
def test_what_people_said_is_masked_where_the_setting_says_so_whatever_the_log_shows(
    tmp_path: Path, level: str
) -> None:
    desk = bench(tmp_path, LOG_TRANSCRIPTS="false")
    desk.log.level = level
    shown = words_in_a_call(desk)
    assert "Toby" not in shown
    assert "Qué lindo" not in shown
    assert "digit=7" not in shown
    assert f"•••({len(WORDS)} letras)" in shown


def test_what_people_said_is_shown_otherwise_but_no_whole_number(desk: Bench) -> None:
    shown = words_in_a_call(desk)
    assert shown.count(WORDS) >= 2
    assert NUMBER not in shown


def test_a_call_tells_how_the_callers_audio_came(desk: Bench) -> None:
    desk.call("abc").line = Line(frames=100, lost=3, late=2, unheard_s=1.5)
    assert desk.do("call", "abc")["line"] == {"frames": 100, "lost": 3, "late": 2, "unheard_s": 1.5}


def test_a_call_tells_what_happened_and_only_on_request_what_always_happens(desk: Bench) -> None:
    view = desk.call("abc")
    view.trail.happened(1001.25, "webhook call.answered")
    view.trail.decided(1001.5, ev.SpeechArrived(1, 160), [ac.SendAudio(1, 0, 160)])
    view.trail.decided(1002.0, ev.VoiceStarted(1001.9), [])
    answer = desk.do("call", "abc")
    assert [(step["t_s"], step["kind"], step["name"], step["text"]) for step in answer["steps"]] == [
        (1.25, "incident", "", "webhook call.answered"),
        (2.0, "event", "VoiceStarted", ""),
    ]
    assert answer["steps_total"] == 4
    assert [step["name"] for step in desk.do("call", "abc", "all")["steps"]] == [
        "",
        "SpeechArrived",
        "SendAudio",
        "VoiceStarted",
    ]
    with pytest.raises(CommandError, match="Se usa así"):
        desk.do("call", "abc", "everything")


def test_why_begins_with_the_first_failure(desk: Bench) -> None:
    view = desk.call("abc")
    view.trail.decided(1001.0, ev.CallAnswered(), [])
    view.trail.decided(1002.0, ev.ReplyFailed(1, 1, "claude: timeout"), [ac.Note("reply_failed", 1)])
    view.trail.decided(1003.0, ev.CallEnded("normal_clearing"), [])
    steps = desk.do("why", "abc")["steps"]
    assert [(step["t_s"], step["name"], step["is_failure"]) for step in steps] == [
        (2.0, "ReplyFailed", True),
        (2.0, "Note", False),
        (3.0, "CallEnded", False),
    ]


def test_why_begins_with_a_crash_that_came_before_and_tells_what_followed(desk: Bench) -> None:
    view = desk.call("abc")
    view.trail.decided(1001.0, ev.CallAnswered(), [])
    desk.desk.runtime.stats.crashed(Crash("engine/abc/speaker", "SpeakerActor", "ValueError: bug", 1002.0))
    desk.desk.runtime.stats.crashed(Crash("engine/other/speaker", "SpeakerActor", "ValueError: other", 1002.0))
    view.trail.decided(1002.1, ev.UtteranceEnded(), [])
    view.trail.decided(1003.0, ev.SpeechFailed(1, "speaker lost"), [])
    steps = desk.do("why", "abc")["steps"]
    assert [(step["kind"], step["name"]) for step in steps] == [
        ("crash", "engine/abc/speaker"),
        ("event", "UtteranceEnded"),
        ("event", "SpeechFailed"),
    ]


def test_why_of_nobody_tells_all_crashes_by_the_time_of_day(desk: Bench) -> None:
    assert desk.do("why") == {"scope": "engine", "steps": [], "stuck": []}
    desk.desk.runtime.stats.crashed(Crash("engine/abc/speaker", "SpeakerActor", "ValueError: bug", 1000.0))
    desk.clock.advance(5.0)
    (crash,) = desk.do("why")["steps"]
    assert (crash["time"], crash["text"]) == ("2025-12-31T19:00:00.000-05:00", "ValueError: bug")


def test_why_names_who_is_stuck_in_the_call(desk: Bench) -> None:
    desk.call("abc")
    desk.actor("engine/abc/carrier", busy_since=desk.clock.now() - 3)
    desk.actor("engine/carrier", busy_since=desk.clock.now() - 3)
    assert [row["path"] for row in desk.do("why", "abc")["stuck"]] == ["engine/abc/carrier"]
    assert [row["path"] for row in desk.do("why")["stuck"]] == ["engine/abc/carrier", "engine/carrier"]


def test_a_turn_is_a_waterfall_from_the_callers_last_word(desk: Bench) -> None:
    desk.call("abc").trail.turns.append(answered_turn(4, thinking=0.5))
    (turn,) = desk.do("latency", "abc")["waterfall"]
    assert [(span["part"], span["from_ms"], span["to_ms"]) for span in turn["spans"]] == [
        ("hearing", 0, 200),
        ("thinking", 200, 700),
        ("speaking", 700, 800),
        ("held", 800, 900),
    ]
    assert (turn["number"], turn["attempts"], turn["committed_ms"], turn["response_ms"]) == (4, 2, 250, 900)


def test_latency_is_of_the_last_hour_by_part(desk: Bench) -> None:
    tally = desk.desk.services.tally
    tally.answered(Sample(desk.clock.now(), "old", 1, Latency(9, 9, 9, 9, 9)))
    desk.clock.advance(3700.0)
    for number in range(100):
        tally.answered(
            Sample(desk.clock.now(), "new", number, Latency(0.1, number / 100, 0.1, 0.0, 0.2 + number / 100))
        )
    tally.count("dead_air", "filler", "thinking")
    answer = desk.do("latency")
    assert answer["answers"] == 100
    assert answer["parts"]["thinking"] == {"p50": 490, "p90": 890, "p95": 940, "p99": 980, "max": 990}
    assert answer["slowest"][0]["turn"] == 99
    assert answer["dead_air"] == [{"rung": "filler", "cause": "thinking", "times": 1}]


def test_a_distribution_of_nothing_is_nothing_and_of_one_is_that_one() -> None:
    assert distribution([]) == {}
    assert set(distribution([0.25]).values()) == {250}
