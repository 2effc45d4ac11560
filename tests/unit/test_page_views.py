"""What the page is told: everything once, then what changed, and no word where none shall be shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.console import NUMBER, SECRET, Bench, answered_turn, bench
from telnyx_actors.actors.tally import Sample
from telnyx_actors.actors.trail import Footstep
from telnyx_actors.console import page_views
from telnyx_actors.console.assets import load_assets
from telnyx_actors.console.page_views import CallStory, Differences
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import Latency

REF = "9f3c1e0ab3f44b0c8a7d5e6f70819203"


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    made = bench(tmp_path)
    made.actor("engine", "SupervisorActor")
    made.actor(f"engine/{REF}", "CallActor", restarts=1)
    made.actor(f"engine/{REF}/speaker", "SpeakerActor", waiting=3)
    return made


# --- differences ---


def test_only_what_changed_is_told_again() -> None:
    told = Differences()
    assert told.since({"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert told.since({"a": 1, "b": 2}) == {}
    assert told.since({"a": 1, "b": 3}) == {"b": 3}
    assert told.since({"b": 3, "c": None}) == {"a": None, "c": None}
    assert told.whole == {"b": 3, "c": None}


# --- the engine, the tree, the list ---


def test_the_engine_is_told_in_a_line_that_stands_still_while_nothing_happens(desk: Bench) -> None:
    desk.call(REF)
    first = page_views.engine(desk.desk)
    assert (first["calls"], first["actors"], first["crashes"], first["stuck"]) == (1, 3, 0, [])
    desk.clock.advance(5.0)
    assert page_views.engine(desk.desk) == first


def test_a_stuck_actor_is_named_with_where_it_is(desk: Bench) -> None:
    stats = desk.desk.runtime.stats.get(f"engine/{REF}/speaker")
    assert stats is not None
    stats.busy_since = desk.clock.now()
    desk.clock.advance(3.2)
    engine: Any = page_views.engine(desk.desk)
    (stuck,) = engine["stuck"]
    assert (stuck["path"], stuck["busy_s"]) == (f"engine/{REF}/speaker", 3)
    rows: Any = page_views.actors(desk.desk)
    assert rows[f"engine/{REF}/speaker"][1] == "stuck"


def test_an_actor_is_a_short_row(desk: Bench) -> None:
    rows = page_views.actors(desk.desk)
    assert rows[f"engine/{REF}"] == ["CallActor", "idle", "", 0, 0.0, 0, 1, 0]
    assert rows[f"engine/{REF}/speaker"] == ["SpeakerActor", "idle", "", 3, 0.0, 0, 0, 0]


def test_a_call_of_the_list_shows_no_whole_number_and_does_not_change_by_itself(desk: Bench) -> None:
    desk.call(REF, "v3:1", state="live", answered_at=desk.clock.now(), last_response_s=0.64)
    first = page_views.calls(desk.desk, 500.0)
    row: Any = first[REF]
    assert (row["id"], row["name"], row["state"], row["response_ms"]) == ("v3:1", "Ana", "live", 640)
    assert row["answered"] == round((500.0 + desk.clock.now()) * 1000)
    assert NUMBER not in json.dumps(first)
    assert SECRET not in json.dumps(first)
    desk.clock.advance(9.0)
    assert page_views.calls(desk.desk, 500.0) == first


def test_a_call_that_ended_stays_for_a_while(desk: Bench) -> None:
    view = desk.call(REF, ended_reason="normal_clearing", state="ended")
    desk.desk.services.calls.remove(REF)
    view.places = ("s3://bucket/call.wav",)
    row: Any = page_views.calls(desk.desk, 0.0)[REF]
    assert (row["is_alive"], row["state"], row["has_record"]) == (False, "ended", True)


# --- one call ---


def test_a_turn_is_told_with_what_was_heard_and_where_its_time_went() -> None:
    told = page_views.turn(answered_turn(), 5.0, shows_words=True)
    assert (told["said"], told["generated"], told["heard_chars"]) == ("mi perro se llama Toby", "Qué lindo nombre", 9)
    assert (told["at_ms"], told["response_ms"], told["committed_ms"]) == (5000, 800, 250)
    assert [list(span) for span in told["spans"]] == [
        ["hearing", 0, 200, 0],
        ["thinking", 200, 600, 50],  # the turn was the agent's 50 ms later: until then it was a guess
        ["speaking", 600, 700, 0],
        ["held", 700, 800, 0],
    ]


def test_words_are_counted_where_they_are_not_to_be_shown() -> None:
    told = page_views.turn(answered_turn(), 0.0, shows_words=False)
    assert told["said"] == "•••(22 letras)"
    assert told["heard_chars"] == len(told["generated"])
    assert "Toby" not in json.dumps(told)


def test_a_story_is_told_once(desk: Bench) -> None:
    view = desk.call(REF)
    story = CallStory(REF)
    view.trail.decided(desk.clock.now(), ev.CallAnswered(), [ac.EndTurn(answered_turn(0))])
    first = story.since(desk.desk)
    assert ([turn["number"] for turn in first["turns"]], [step[0] for step in first["steps"]]) == ([0], [1, 2])
    assert set(first["actors"]) == {f"engine/{REF}", f"engine/{REF}/speaker"}
    assert story.since(desk.desk) == {}
    view.trail.decided(desk.clock.now(), ev.TranscriptFinal("hola"), [ac.EndTurn(answered_turn(1))])
    again = story.since(desk.desk)
    assert ([turn["number"] for turn in again["turns"]], [step[0] for step in again["steps"]]) == ([1], [3, 4])
    assert "actors" not in again


def test_steps_say_what_failed_and_what_is_one_of_many(desk: Bench) -> None:
    view = desk.call(REF)
    view.trail.decided(desk.clock.now() + 1.5, ev.MarkReturned("1.1.160"), [])
    view.trail.decided(desk.clock.now() + 2.0, ev.HearingFailed("lost"), [])
    mark, failure = CallStory(REF).since(desk.desk)["steps"]
    assert mark == [1, 1500, "event", "MarkReturned", "name=1.1.160", False, True]
    assert failure[5:] == [True, False]


def test_nothing_is_new_of_a_call_that_nobody_knows(desk: Bench) -> None:
    assert CallStory("gone").since(desk.desk) == {}


def test_a_turn_in_progress_is_put_together_from_its_steps() -> None:
    steps: list[Footstep] = [
        (1, 10.0, ac.EndTurn(answered_turn())),
        (2, 11.0, ev.TranscriptFinal("quiero")),
        (3, 11.2, ev.TranscriptInterim("una cita")),
        (4, 12.0, ac.AskModel(1, 1, (("user", "quiero una cita"),))),
        (5, 12.5, ac.Synthesize(4, "Con gusto.")),
    ]
    told = page_views.turn_in_progress(steps, 10.0, shows_words=True)
    assert told == {"said": "quiero una cita", "prepared": "Con gusto.", "asked_ms": 2000}
    over = page_views.turn_in_progress([*steps, (6, 13.0, ac.EndTurn(answered_turn(1)))], 10.0, shows_words=True)
    assert over == {"said": "", "prepared": "", "asked_ms": None}


# --- the last hour ---


def test_the_last_hour_is_drawn_by_minutes_and_by_length(desk: Bench) -> None:
    tally, now = desk.desk.services.tally, desk.clock.now()
    for seconds_ago, response in ((3599.0, 9.0), (100.0, 0.25), (1.0, 0.6), (0.5, 0.8)):
        tally.answered(Sample(now - seconds_ago, REF, 1, Latency(0.1, 0.1, 0.1, 0.1, response)))
    tally.count("dead_air", "filler", "thinking")
    told: Any = page_views.health(desk.desk, 0.0)
    assert (told["answers"], len(told["minutes"])) == (4, 60)
    assert (told["minutes"][0], told["minutes"][58], told["minutes"][59]) == (
        [9000, 9000, 1],
        [250, 250, 1],
        [600, 800, 2],
    )
    assert told["minutes"][1] is None
    by_bound = dict(zip((*told["bins_ms"], None), told["bars"], strict=True))
    assert (by_bound[300], by_bound[600], by_bound[850], by_bound[None]) == (1, 1, 1, 1)
    assert sum(told["bars"]) == 4
    assert told["dead_air"] == [["filler", "thinking", 1]]


# --- to be read ---


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground_as_wcag_aa_asks(theme: int) -> None:
    css = load_assets()["style.css"].body.decode()
    blocks = re.findall(r"\{([^{}]*--paper:[^{}]*)\}", css)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[theme]))
    grounds = [("paper", "ink soft faint accent warn good bad"), ("card", "ink soft faint accent warn good bad")]
    grounds += [
        ("accent-soft", "accent"),
        ("bad-soft", "bad ink"),
        ("hover", "ink soft"),
        ("accent", "on-accent"),
        ("bad", "card"),
    ]
    for ground, texts in grounds:
        for text in texts.split():
            assert contrast(colours[text], colours[ground]) >= 4.5, f"{text} on {ground}"


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
