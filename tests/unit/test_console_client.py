"""What operators see and type: aligned, in Spanish, safe for their terminal, completed by Tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.console import Bench, answered_turn, bench
from telnyx_actors.actors.stats import Crash
from telnyx_actors.actors.tally import Sample
from telnyx_actors.actors.trace import Traced
from telnyx_actors.console.client.completion import candidates
from telnyx_actors.console.client.render import Cell, Paint, safe, seconds, short_path, table, width
from telnyx_actors.console.client.screens import REMARKS, trace_part
from telnyx_actors.console.client.shell import SCREENS, WORDS
from telnyx_actors.console.client.waterfall import waterfall
from telnyx_actors.console.commands import COMMANDS
from telnyx_actors.console.tracing import Tracing
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import Latency, TurnEnd

PLAIN = Paint()
REF = "9f3c1e0ab3f44b0c8a7d5e6f70819203"


def screen(command: str, answer: Any) -> str:
    return "\n".join(SCREENS[command](answer, PLAIN))


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    made = bench(tmp_path)
    made.actor("engine", "SupervisorActor")
    made.actor(f"engine/{REF}", "CallActor", restarts=2)
    made.actor(f"engine/{REF}/carrier", "CarrierActor", waiting=3)
    return made


# --- tables -----------------------------------------------------------------------------


def test_columns_are_aligned_whatever_they_hold() -> None:
    text = table(("a", "número"), [("ñandú", "1"), ("日本", "22"), ("e\u0301", "333")], PLAIN, " r")
    assert text.split("\n") == ["a      número", "ñandú       1", "日本       22", "e\u0301         333"]
    assert {width(line) for line in text.split("\n")} == {13}


def test_colours_take_no_room_and_are_only_there_where_asked_for() -> None:
    rows = [(Cell("mal", "red"), "x"), (Cell("bien"), "y")]
    painted = table(("a", "b"), rows, Paint(is_on=True))
    assert "\x1b[31mmal\x1b[0m   x" in painted
    assert "\x1b" not in table(("a", "b"), rows, PLAIN)


def test_text_from_elsewhere_cannot_steer_the_terminal() -> None:
    assert safe("a\x1b[2Jb\r\nc\u202ed\x9be") == "a·[2Jb··c·d·e"
    assert "\x1b" not in table(("a",), [("\x1b[2J",)], PLAIN)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.25, "0,2 s"), (59.9, "59,9 s"), (61, "1 min 01 s"), (7505, "2 h 05 min"), (None, "–")]
)
def test_durations_are_for_people(value: float | None, shown: str) -> None:
    assert seconds(value) == shown


def test_ids_in_paths_are_shortened_to_what_can_be_typed() -> None:
    assert short_path(f"engine/{REF}/speaker/3") == "engine/9f3c1e/speaker/3"


# --- screens ------------------------------------------------------------------------------


def test_the_tree_is_indented_and_names_the_stuck_one(desk: Bench) -> None:
    carrier = desk.desk.runtime.stats.get(f"engine/{REF}/carrier")
    assert carrier is not None
    carrier.busy_since, carrier.last_message = desk.clock.now() - 4.2, ev.TimePassed
    lines = screen("tree", desk.do("tree")).split("\n")
    assert [line.split("  Call")[0].rstrip()[:13] for line in lines[1:4]] == [
        "engine       ",
        "  9f3c1e",
        "    carrier  ",
    ]
    assert "ATASCADO engine/9f3c1e/carrier: lleva 4,2 s con TimePassed" in lines
    assert "3 actores; 0 caídas desde el arranque; el front va 3 ms tarde" in lines


def test_every_command_has_its_screen_and_is_completed(desk: Bench) -> None:
    view = desk.call(REF, "v3:abc", state="live")
    view.trail.decided(1000.5, ev.ReplyFailed(1, 1, "claude: timeout"), [])
    view.trail.turns.append(answered_turn())
    desk.desk.services.tally.answered(Sample(1000.0, REF, 1, Latency(0.1, 3.0, 0.1, 0.0, 3.2)))
    desk.desk.services.tally.count("dead_air", "filler", "thinking")
    desk.desk.runtime.stats.crashed(Crash(f"engine/{REF}/speaker", "SpeakerActor", "ValueError: bug", 1000.0))
    words: dict[str, tuple[str, ...]] = {"call": ("9f3c",), "say": ("9f3c", "hola"), "hangup": ("9f3c",)}
    words |= {"restart": ("9f3c/carrier",), "kill": ("9f3c/carrier",)}
    for name in COMMANDS:
        answer = desk.do(name, *words.get(name, ()))
        shown = screen(name, answer) if name in SCREENS else REMARKS[name](answer)
        assert shown.strip()
        assert name in WORDS


def test_empty_answers_are_said_in_words(tmp_path: Path) -> None:
    desk = bench(tmp_path)
    desk.actor("engine")
    assert screen("calls", desk.do("calls")) == "Ninguna llamada, ni en curso ni reciente."
    assert screen("why", desk.do("why")) == "Ningún actor se ha caído ni está atascado."
    assert screen("latency", desk.do("latency")) == "Ninguna respuesta en la última hora."
    desk.call("abc")
    assert screen("why", desk.do("why", "abc")) == "No ha fallado nada."
    assert screen("latency", desk.do("latency", "abc")) == "Ningún turno ha terminado."


def test_an_order_to_a_stuck_actor_says_when_it_takes_effect() -> None:
    said = REMARKS["kill"]({"path": "engine/carrier", "busy_s": 12.0})
    assert said == "Se hace caer engine/carrier. Lleva 12,0 s con un mensaje: la orden le llega cuando lo acabe."


def test_a_bar_is_as_long_as_its_response_and_made_of_its_parts(desk: Bench) -> None:
    view = desk.call(REF)
    view.trail.turns.append(answered_turn(1, thinking=0.6))
    view.trail.turns.append(answered_turn(2, thinking=0.1, end=TurnEnd.INTERRUPTED))
    lines = "\n".join(waterfall(desk.do("latency", "9f3c")["waterfall"], PLAIN)).split("\n")
    bars = ["".join(c for c in line if c in "░▒▓·") for line in lines]
    assert bars[1] == "░" * 8 + "▒" * 24 + "▓" * 4 + "·" * 4
    assert bars[2] == "░" * 8 + "▒" * 4 + "▓" * 4 + "·" * 4
    assert "interrumpido" in lines[2]


def test_a_trace_is_told_by_actor_and_message_and_repetitions_once(desk: Bench) -> None:
    tracing = Tracing(desk.desk, "engine")
    (trace,) = desk.desk.runtime.stats.traces
    assert tracing.look() is None
    for failed in (False, False, True):
        trace.note(Traced(f"engine/{REF}", "Ask", 1000.0, 0.001, 0.002, failed))
    part = tracing.look()
    tracing.close()
    assert part is not None
    assert list(trace_part(part, PLAIN)) == [
        "19:00:00.000  engine/9f3c1e                    Ask×2                    esperó 1.00, tardó 2.00 ms",
        "19:00:00.000  engine/9f3c1e                    Ask                      esperó 1.00, tardó 2.00 ms  SE CAYÓ",
    ]
    assert desk.desk.runtime.stats.traces == ()


def test_a_trace_tells_once_who_got_stuck(desk: Bench) -> None:
    carrier = desk.desk.runtime.stats.get(f"engine/{REF}/carrier")
    assert carrier is not None
    tracing = Tracing(desk.desk, "engine")
    carrier.busy_since, carrier.last_message = desk.clock.now(), ev.TimePassed
    assert tracing.look() is None
    desk.clock.advance(1.5)
    part = tracing.look()
    assert part is not None
    assert list(trace_part(part, PLAIN)) == ["ATASCADO engine/9f3c1e/carrier: lleva 1,5 s con TimePassed"]
    assert tracing.look() is None
    tracing.close()


# --- completion ---------------------------------------------------------------------------

NAMES = {"paths": ["engine", "engine/carrier"], "calls": ["abc", "abd"]}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ca", ["calls", "call"]),
        ("", sorted(WORDS)),
        ("tree en", ["engine", "engine/carrier"]),
        ("restart  engine/", ["engine/carrier"]),
        ("why a", ["abc", "abd"]),
        ("mode w", ["webhook"]),
        ("log-level D", ["DEBUG"]),
        ("say abc ho", []),
        ("calls ", []),
        ("nonsense a", []),
    ],
)
def test_what_can_be_typed_is_offered(line: str, offered: list[str]) -> None:
    found = candidates(line, WORDS, NAMES.__getitem__)
    assert sorted(found) == sorted(offered)
